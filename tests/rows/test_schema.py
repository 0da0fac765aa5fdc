"""The DuckDB types that a row class's annotations mean, and the columns of all tables."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest

from tailpipe_rx.events import Artifact
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.rows.enrich import constants, press
from tailpipe_rx.rows.row import Common, Convert, DuckDB, Json, Row, Struct, field
from tailpipe_rx.rows.schema import COMMON, EXTRA, Column, schema


def to_int(text: str) -> int:
    return int(text)


class Inner(Struct, rename="camel"):
    some_text: str | None = None
    more: Json[dict[str, Any]] | None = None
    at: datetime | None = None


class Outer(Struct):
    inner: Inner | None = None
    number: Annotated[int | None, DuckDB("INTEGER")] = None


def type_of(hint: Any) -> Column:
    cls: Any = type(Row)("One", (Row,), {"__annotations__": {"column": hint}, "__module__": __name__})
    (column,) = schema(cls)
    return column


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (str, "VARCHAR"),
        (int, "BIGINT"),
        (float, "DOUBLE"),
        (bool, "BOOLEAN"),
        (datetime, "TIMESTAMP"),
        (date, "DATE"),
        (list[str], "VARCHAR[]"),
        (list[int], "BIGINT[]"),
        (tuple[float, ...], "DOUBLE[]"),
        (list[list[str]], "VARCHAR[][]"),
        (Json[dict[str, Any]], "JSON"),
        (Json[list[Any]], "JSON"),
        (Json[tuple[Inner, ...]], "JSON"),
        (Json[Any], "JSON"),
        (Annotated[int, DuckDB("INTEGER")], "INTEGER"),
        (Annotated[str, DuckDB("INET")], "INET"),
        (Annotated[int, Convert(str, to_int)], "BIGINT"),
        (Inner, "STRUCT(some_text VARCHAR, more JSON, at TIMESTAMP)"),
        (Outer, "STRUCT(inner STRUCT(some_text VARCHAR, more JSON, at TIMESTAMP), number INTEGER)"),
    ],
)
def test_a_python_type_means_a_duckdb_type(hint: Any, kind: str) -> None:
    assert type_of(hint) == Column("column", kind, "", True)
    assert type_of(hint | None) == Column("column", kind, "", False)
    assert type_of(Annotated[hint, "Said."]) == Column("column", kind, "Said.", True)
    assert type_of(Annotated[hint | None, "Said."]) == Column("column", kind, "Said.", False)


def test_columns_are_in_the_order_in_which_they_are_written_down_under_their_own_names() -> None:
    class Mixed(Row, rename="camel"):
        zulu_time: Annotated[str | None, "Last."] = None
        alpha: Annotated[datetime, "First."]
        mid_id: str | None = field(default=None, name="ID")

    assert [(column.name, column.required) for column in schema(Mixed)] == [
        ("zulu_time", False),
        ("alpha", True),
        ("mid_id", False),
    ]


def test_what_may_be_null_is_not_required() -> None:
    assert not type_of(str | None).required  # it must be there, and may be null


def test_the_common_columns_are_those_of_all_tailpipe_tables() -> None:
    assert {(column.name, column.type, column.required) for column in COMMON} == {
        ("tp_id", "VARCHAR", True),
        ("tp_source_type", "VARCHAR", False),
        ("tp_ingest_timestamp", "TIMESTAMP", True),
        ("tp_timestamp", "TIMESTAMP", True),
        ("tp_table", "VARCHAR", True),
        ("tp_partition", "VARCHAR", True),
        ("tp_date", "DATE", True),
        ("tp_source_ip", "VARCHAR", False),
        ("tp_destination_ip", "VARCHAR", False),
        ("tp_source_name", "VARCHAR", False),
        ("tp_source_location", "VARCHAR", False),
        ("tp_akas", "VARCHAR[]", False),
        ("tp_ips", "VARCHAR[]", False),
        ("tp_tags", "VARCHAR[]", False),
        ("tp_domains", "VARCHAR[]", False),
        ("tp_emails", "VARCHAR[]", False),
        ("tp_usernames", "VARCHAR[]", False),
        ("tp_index", "VARCHAR", True),
    }
    assert len(COMMON) == 18
    assert all(column.description.endswith(".") for column in (*COMMON, EXTRA))
    assert EXTRA.type == "JSON" and EXTRA.name == "extra"


def test_the_common_columns_are_written_in_their_order() -> None:
    said = {name: ["x"] for name in ("akas", "tags", "domains", "emails", "usernames")}
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)

    class Full(Row):
        word: str | None = None

        def common(self) -> Common:
            return Common(timestamp=noon, index="i", source_ip="1.1.1.1", destination_ip="2.2.2.2", **said)

    artifact = Artifact("a", metadata={"tp_source_name": "bucket"})
    fixed = constants(table="t", partition="p", source_type="file", artifact=artifact, ingested=noon)
    line, _, _ = press(Batch.of(Full()), "0" * 16, fixed, None)
    assert list(json.loads(line)) == [column.name for column in COMMON]
