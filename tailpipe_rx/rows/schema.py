"""The columns of a table, as DuckDB sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, get_args, get_origin

from msgspec import Struct as Value

from .columns import RowColumns, Struct
from .hints import bare, description, duckdb, hints_of, is_json, nullable, structs
from .twins import Shape, shape

_TYPES: Final = {
    str: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    datetime: "TIMESTAMP",
    date: "DATE",
}


class Column(Value, frozen=True):
    """A column: its name, its DuckDB type, what it holds, and whether it is never null."""

    name: str
    type: str
    description: str
    required: bool = False


def schema(cls: type[RowColumns]) -> list[Column]:
    """The columns that a row class declares, in order; `COMMON` are those of all tables.

    >>> from tailpipe_rx import Row
    >>> class Greeting(Row):
    ...     said_at: datetime
    >>> schema(Greeting)
    [Column(name='said_at', type='TIMESTAMP', description='', required=True)]
    """
    of = shape(cls)
    return [
        Column(name, _type_of(of, name), description(of.hints[name]), not nullable(of.hints[name]))
        for name in of.columns
    ]


def _type_of(of: Shape, column: str) -> str:
    try:
        return column_type(of.hints[column])
    except TypeError as error:
        raise TypeError(f"{of.cls.__name__}.{column}: {error}") from None


def column_type(hint: Any) -> str:
    """The DuckDB type of an annotation. Raises TypeError for one that would not keep all that a record says."""
    said = duckdb(hint)
    if said is not None:
        return said
    if is_json(hint):
        return "JSON"
    kind = bare(hint)
    if get_origin(kind) in (list, tuple, Sequence):
        of = get_args(kind)[0]
        if any(True for _ in structs(of)):
            raise TypeError("in a list Structs would lose what they do not declare: write Json[tuple[…, ...]]")
        return f"{column_type(of)}[]"
    if isinstance(kind, type) and issubclass(kind, Struct):
        inner = shape(kind)
        return f"STRUCT({', '.join(f'{name} {_type_of(inner, name)}' for name in inner.columns)})"
    if kind not in _TYPES:
        shown = getattr(kind, "__name__", kind)
        raise TypeError(f'{shown} is no type of a column: mark it Json[…] if it is nested, else DuckDB("…")')
    return _TYPES[kind]


_SAID: Final = {
    "tp_id": "A unique identifier of the row: the same each time the same record is collected.",
    "tp_timestamp": "When it happened, in UTC.",
    "tp_table": "The table.",
    "tp_date": "The day on which it happened, in UTC.",
    "tp_index": "What the table's files are grouped by: the column that the partition names, else default.",
    "tp_source_ip": "The address it came from.",
    "tp_destination_ip": "The address it went to.",
    "tp_ips": "All addresses in the row.",
    "tp_akas": "All ARNs and other global identifiers in the row.",
    "tp_tags": "Tags of what the row is about.",
    "tp_domains": "All domain names in the row.",
    "tp_emails": "All e-mail addresses in the row.",
    "tp_usernames": "All user names and access keys in the row.",
}
_REQUIRED: Final = {"tp_id", "tp_timestamp", "tp_table", "tp_partition", "tp_index", "tp_date", "tp_ingest_timestamp"}
_FIXED: Final = (  # written once for an artifact, behind tp_table: they are no attributes of a row
    ("tp_partition", "VARCHAR", "The partition: where the rows are collected from."),
    ("tp_source_type", "VARCHAR", "The kind of source."),
    ("tp_source_name", "VARCHAR", "The source: the bucket, the log group."),
    ("tp_source_location", "VARCHAR", "The artifact: the path, the address of the object."),
    ("tp_ingest_timestamp", "TIMESTAMP", "When the row was collected, in UTC."),
)


def _common() -> tuple[Column, ...]:
    hints = hints_of(RowColumns)
    own = [
        Column(
            name,
            "VARCHAR" if name in ("tp_table", "tp_source_ip") else column_type(hints[name]),
            said,
            name in _REQUIRED,
        )
        for name, said in _SAID.items()
    ]
    fixed = [Column(name, kind, said, name in _REQUIRED) for name, kind, said in _FIXED]
    at = next(i for i, column in enumerate(own) if column.name == "tp_table") + 1
    return (*own[:at], *fixed, *own[at:])


COMMON: Final = _common()
"""The columns of all tables, in the order in which they are written."""
EXTRA: Final = Column("extra", "JSON", "Fields that are no column, under the names of the log format.")
"""The column of our own chunks for what a format sends beyond the columns; not declared to a Tailpipe host."""
