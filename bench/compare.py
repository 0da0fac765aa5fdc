"""Whether two contenders wrote the same rows, and whether ours are the rows of the reference writer, field by field."""

import gzip
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from plain import renamed, snake

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))  # the reference writer is the tests', and needs nothing but the standard library
import reference_writer as reference  # noqa: E402

Row = dict[str, Any]
# What the yardstick and ours mean alike. tp_id, tp_index, tp_akas and tp_usernames follow rules that it does not know.
SHARED = ("tp_timestamp", "tp_date", "tp_source_ip", "tp_ips", "tp_source_location")
COLUMNS = dict(reference.COLUMNS.values())
# What depends on more than the record; tp_source_location is compared with the yardstick's.
AROUND = {"tp_ingest_timestamp", "tp_table", "tp_partition", "tp_source_type", "tp_source_name", "tp_source_location"}


def lines(directory: Path) -> Iterator[bytes]:
    """The lines of all `*.jsonl` in a directory."""
    for path in sorted(directory.glob("*.jsonl")):
        with path.open("rb") as file:
            yield from file


def by_event(rows: Iterable[bytes]) -> dict[str, bytes]:
    """Lines under their event's id. ValueError if two have the same."""
    found: dict[str, bytes] = {}
    for line in rows:
        event = json.loads(line)["event_id"]
        if event in found:
            raise ValueError(f"event {event} was written twice")
        found[event] = line
    return found


def with_plain(plain: dict[str, bytes], ours: dict[str, bytes]) -> Iterator[str]:
    """Each difference in a vendor column, an unknown field or a tp_ column of SHARED. Null, [] and absent are equal."""
    yield from unmatched("the yardstick", plain, ours)
    for event in plain.keys() & ours.keys():
        yield from fields(event, "plain", of_plain(by_value(plain[event])), of_ours(by_value(ours[event])))


def with_reference(inputs: Path, ours: dict[str, bytes], source_name: str = "") -> Iterator[str]:
    """Each field in which our rows are not what the reference writer makes of the records, tp_id included."""
    seen = set()
    for artifact in sorted(inputs.glob("*.gz")):
        with gzip.open(artifact, "rt", encoding="utf-8") as file:
            text = file.read()
        for number, record in enumerate(records(text)):
            expected = reference.canonical(reference.cloudtrail_row(record))
            expected["tp_id"] = reference.tp_id("file", source_name, str(artifact), "", 0, number)
            event = expected["event_id"]
            seen.add(event)
            if event in ours:
                got = reference.canonical(reference.loads(ours[event]))
                yield from fields(event, "reference", expected, {k: v for k, v in got.items() if k not in AROUND})
    yield from unmatched("the input", seen, ours)


def records(text: str) -> Iterator[Row]:
    """The records of `{"Records":[…]}` one by one, so that not all of them are there at once."""
    decode = json.JSONDecoder(parse_float=reference.Float).raw_decode
    place = text.index("[") + 1
    while text[place] != "]":
        record, place = decode(text, place)
        yield record
        place += text[place] == ","


def by_value(line: bytes) -> Row:
    """A row for the yardstick, which writes a number anew: equal is what has the same value."""
    row: Row = json.loads(line, parse_float=Decimal)
    return row


def of_plain(row: Row) -> Row:
    """What the yardstick says, an unknown field under `extra` and its path in snake case."""
    found: Row = {}
    for name, value in row.items():
        kind = COLUMNS.get(name)
        if isinstance(kind, dict) and isinstance(value, dict):
            value = known(value, kind, f"extra {name}", found)
            if value == {}:  # it writes an empty object for a record without userIdentity
                continue
        if kind is not None or name in SHARED:
            found[name] = value
        elif not name.startswith("tp_"):
            found[f"extra {name}"] = value
    return found


def known(value: Row, shape: reference.Shape, path: str, extra: Row) -> Row:
    """The fields that a STRUCT column declares; the others go to `extra`."""
    kinds, kept = dict(shape.values()), {}
    for name, item in value.items():
        kind = kinds.get(name)
        if kind is None:
            extra[f"{path}.{name}"] = item
        elif item is not None:
            if isinstance(kind, dict) and isinstance(item, dict):
                item = known(item, kind, f"{path}.{name}", extra)
            kept[name] = item
    return kept


def of_ours(row: Row) -> Row:
    """What we say, in the same form."""
    row = reference.canonical(row)
    found = {name: value for name, value in row.items() if name in COLUMNS or name in SHARED}
    if who := renamed(row.get("user_identity")):
        found["user_identity"] = who  # the yardstick renames the keys of the JSON inside it, too
    for path, value in (row.get("extra") or {}).items():
        inside = any(path.startswith(f"{key}.") for key in ("userIdentity", "tlsDetails"))
        name = ".".join(map(snake, path.split("."))) if inside else snake(path)
        found[f"extra {name}"] = renamed(value) if inside else value
    return found


def fields(event: str, whose: str, expected: Row, got: Row) -> Iterator[str]:
    for name in sorted(expected.keys() | got.keys()):
        wanted, found = expected.get(name), got.get(name)
        if wanted != found and not (wanted in (None, []) and found in (None, [])):
            yield f"{event} {name}: {whose} {brief(wanted)}, ours {brief(found)}"


def brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def unmatched(whose: str, theirs: Iterable[str], ours: dict[str, bytes]) -> Iterator[str]:
    other = set(theirs)
    yield from (f"{event}: in {whose}, not in ours" for event in sorted(other - ours.keys()))
    yield from (f"{event}: in ours, not in {whose}" for event in sorted(ours.keys() - other))


def report(checks: Iterable[tuple[str, Callable[[], Iterator[str]]]], say: Callable[[str], None]) -> dict[str, int]:
    """How many differences each check found; the first five are said."""
    found = {}
    for name, check in checks:
        count = 0
        for difference in check():
            count += 1
            if count <= 5:
                say(f"  {difference}")
        found[name] = count
        say(f"compared with {name}: {f'{count:,} differences' if count else 'no difference'}")
    return found
