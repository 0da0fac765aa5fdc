"""What the tests of rows share: a row class of many kinds of columns, and slow rules that say which row a record gives.

Values are compared as they are written: numbers keep their text, objects the order of their names and doubled ones.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeAlias

import msgspec
import reference_writer as reference

from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.rows.reader import Reader, reader
from tailpipe_rx.rows.row import Common, Convert, DuckDB, Json, Row, Struct, field

Kinds: TypeAlias = "dict[str, tuple[str, str | Kinds]]"

TIME = b'"time":"2026-01-02T03:04:05Z"'


def unix_seconds(at: datetime) -> int:
    return int(at.timestamp())


def visit() -> type[Row]:
    """A new row class, for which nothing has been learnt yet."""

    class Place(Struct, rename="camel"):
        city: str | None = None
        zip_code: str | None = None
        notes: Json[dict[str, Any]] | None = None

    class Person(Struct, rename="camel"):
        user_name: str | None = None
        age: int | None = None
        place: Place | None = None
        tags: Json[list[Any]] | None = None

    class Visit(Row, rename="camel"):
        """Somebody was here."""

        request: Annotated[Json[dict[str, Any]] | None, "What was asked."] = None
        time: Annotated[datetime, "When."]
        event_id: Annotated[str, "Which."] = field(name="eventID")
        account_id: Annotated[str | None, "Whose."] = None
        count: Annotated[int | None, "How many."] = None
        port: Annotated[int | None, "Where.", DuckDB("INTEGER")] = None
        read_only: Annotated[bool | None, "Whether it only looked."] = None
        person: Annotated[Person | None, "Who."] = None
        seen: Annotated[int | None, "When before.", Convert(datetime, unix_seconds)] = None

        def common(self) -> Common:
            return Common(timestamp=self.time)

    return Visit


PLACE: Kinds = {"city": ("city", "VARCHAR"), "zipCode": ("zip_code", "VARCHAR"), "notes": ("notes", "JSON")}
PERSON: Kinds = {
    "userName": ("user_name", "VARCHAR"),
    "age": ("age", "BIGINT"),
    "place": ("place", PLACE),
    "tags": ("tags", "JSON"),
}
VISIT: Kinds = {
    "request": ("request", "JSON"),
    "time": ("time", "TIMESTAMP"),
    "eventID": ("event_id", "VARCHAR"),
    "accountId": ("account_id", "VARCHAR"),
    "count": ("count", "BIGINT"),
    "port": ("port", "INTEGER"),
    "readOnly": ("read_only", "BOOLEAN"),
    "person": ("person", PERSON),
    "seen": ("seen", "UNIX"),
}
BITS = {"BIGINT": 63, "INTEGER": 31}


@dataclass(frozen=True)
class Number:
    """A JSON number as it is written."""

    text: str


class Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object as it is written."""


def exact(text: str | bytes) -> Any:
    return json.loads(text, parse_float=Number, parse_int=Number, object_pairs_hook=Pairs)


def dump(value: Any, ascii_only: bool = False, comma: str = ",", colon: str = ":", line: str = "") -> str:
    """JSON of what `exact` gives, in a style of one's choice; with *line*, each member is on a line of its own."""

    def write(value: Any, depth: int) -> str:
        inside, outside = (f"\n{line * (depth + 1)}", f"\n{line * depth}") if line else ("", "")
        if isinstance(value, Number):
            return value.text
        if isinstance(value, Pairs):
            members = [f"{json.dumps(k, ensure_ascii=ascii_only)}{colon}{write(v, depth + 1)}" for k, v in value]
            return f"{{{inside}{(comma + inside).join(members)}{outside}}}" if members else "{}"
        if isinstance(value, list):
            return f"[{inside}{(comma + inside).join(write(v, depth + 1) for v in value)}{outside}]" if value else "[]"
        return json.dumps(value, ensure_ascii=ascii_only)

    return write(value, 0)


def expected(record: Any) -> dict[str, Any]:
    """The row of a record as `exact` gives it: by column, and extra as a set of pairs. ValueError if it has none."""
    extra: list[tuple[str, Any]] = []
    row = _struct(record, VISIT, "", extra)
    if "time" not in row or "event_id" not in row:
        raise ValueError("a required column is missing")
    _no_doubles(extra)
    if extra:
        row["extra"] = dict(extra)
    return row


def _no_doubles(pairs: Any) -> None:
    if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
        raise ValueError("a name stands twice")


def _struct(value: Any, kinds: Kinds, path: str, extra: list[tuple[str, Any]]) -> dict[str, Any]:
    if not isinstance(value, Pairs):
        raise ValueError("no object")
    _no_doubles(value)
    row: dict[str, Any] = {}
    for name, item in value:
        if name not in kinds:
            extra.append((path + name, item))
            continue
        column, kind = kinds[name]
        if isinstance(kind, dict):
            if item is not None:
                row[column] = _struct(item, kind, f"{path}{name}.", extra)
        elif item is not None or column in ("time", "event_id"):
            row[column] = _value(item, kind)
    return row


def _value(item: Any, kind: str) -> Any:
    if kind == "JSON":
        return item
    if kind in BITS and isinstance(item, Number) and not set(item.text) & set(".eE"):
        number = int(item.text)
        if -(2 ** BITS[kind]) <= number < 2 ** BITS[kind]:
            return Number(str(number))
    if kind == "TIMESTAMP" and isinstance(item, str):
        return reference.moment(item).isoformat().replace("+00:00", "Z")
    if kind == "UNIX" and isinstance(item, str):
        return Number(str(unix_seconds(reference.moment(item))))
    if isinstance(item, {"VARCHAR": str, "BOOLEAN": bool}.get(kind, ())):
        return item
    raise ValueError(f"{item!r} is no {kind}")


def written(row: Row) -> dict[str, Any]:
    """The line of a row, in the form of `expected`. It is one line of strict JSON."""
    text = line(row)
    assert b"\n" not in text and b"\r" not in text
    found = _as_columns(exact(text), VISIT)
    if "extra" in found:
        _no_doubles(found["extra"])
        assert [name for name, _ in found["extra"]] != []
        found["extra"] = dict(found["extra"])
    return found


def _as_columns(pairs: Pairs, kinds: Kinds) -> dict[str, Any]:
    _no_doubles(pairs)
    by_column = dict(kinds.values())
    found: dict[str, Any] = {}
    for name, value in pairs:
        if value is None:
            continue  # a null is as good as none
        kind = by_column.get(name)
        found[name] = _as_columns(value, kind) if isinstance(kind, dict) else value
    return found


def line(row: Row) -> bytes:
    return msgspec.json.encode(row)


def one_by_one(read: Reader[Any], records: list[bytes], first: int = 0) -> Batch[Any]:
    return read.records(records, first)


def at_once(read: Reader[Any], records: list[bytes], first: int = 0) -> Batch[Any]:
    return read.array(b"[" + b",".join(records) + b"]", first)


def outcomes(batch: Batch[Any]) -> Iterator[tuple[int, Row | None]]:
    """Each record's number with its row, or with None where it was rejected; in order."""
    rows: dict[int, Row | None] = dict(zip(batch.numbers, batch.rows, strict=True))
    rows |= {bad.number: None for bad in batch.rejected}
    return iter(sorted(rows.items(), key=lambda item: item[0]))


def both(cls: type[Row], record: bytes) -> list[Row | None]:
    """A record's row on both ways of reading it."""
    read = reader(cls)
    return [next(outcomes(way(read, [record])))[1] for way in (at_once, one_by_one)]
