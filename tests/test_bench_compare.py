"""The benchmark's comparing: equal rows are found equal, and each kind of difference is found."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import reference_writer as reference

BENCH = Path(__file__).resolve().parent.parent / "bench"
sys.path.append(str(BENCH))
import compare  # noqa: E402
import generate  # noqa: E402
import plain  # noqa: E402


class Logs:
    """Generated logs, the plain loop's rows and the rows that the reference writer says."""

    def __init__(self, directory: Path) -> None:
        self.read = directory / "logs"
        self.read.mkdir(parents=True)
        generate.cloudtrail(400, self.read, files=2, unknown=True)
        with (directory / "plain.jsonl").open("w", encoding="utf-8") as out:
            plain.cloudtrail(str(self.read), out)
        self.plain = compare.by_event(compare.lines(directory))
        self.ours = {row["event_id"]: row for row in self.reference_rows()}

    def reference_rows(self) -> list[dict[str, Any]]:
        # Through JSON as a contender would write it: numbers with a point are text of their own to the reference.
        rows = []
        for path in sorted(self.read.iterdir()):
            for number, record in enumerate(compare.records(gzip.decompress(path.read_bytes()).decode())):
                row = reference.cloudtrail_row(record)
                row["tp_id"] = reference.tp_id("file", "", str(path), "", 0, number)
                row["tp_source_location"] = str(path)
                rows.append(row)
        return rows

    def with_plain(self) -> list[str]:
        return list(compare.with_plain(self.plain, self.lines()))

    def with_reference(self) -> list[str]:
        return list(compare.with_reference(self.read, self.lines()))

    def lines(self) -> dict[str, bytes]:
        return {event: json.dumps(numbers(row)).encode() for event, row in self.ours.items()}


def numbers(value: Any) -> Any:
    if isinstance(value, reference.Float):
        return float(value.text)
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    return [numbers(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path)


def test_rows_that_are_the_same_show_no_difference(logs: Logs) -> None:
    assert len(logs.ours) == 400
    assert logs.with_plain() == []
    assert logs.with_reference() == []


def test_null_and_an_empty_list_are_as_good_as_absent(logs: Logs) -> None:
    for row in logs.ours.values():
        row.setdefault("error_code", None)
        row.setdefault("tp_ips", [])
        row.setdefault("tp_tags", None)
    assert logs.with_plain() == []
    assert logs.with_reference() == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("event_time",), "2026-01-05T00:00:00.5Z"),
        (("event_source",), None),
        (("request_id",), "another"),
        (("user_identity", "session_context"), {"attributes": {"creation_date": 1}}),
        (("user_identity", "type"), None),
        (("tls_details",), {"tls_version": "SSLv3"}),
        (("resources",), []),
        (("extra", "userIdentity.onBehalfOf"), {"userId": "somebody else"}),
        (("extra", "eventContext"), None),
        (("tp_source_location",), "elsewhere"),
        (("tp_date",), "2026-01-04"),
    ],
)
def test_a_value_that_is_not_the_yardsticks_is_found(logs: Logs, place: tuple[str, ...], value: Any) -> None:
    event, row = next(
        (event, row)
        for event, row in logs.ours.items()
        if row.get("tls_details") and row.get("resources") and row["user_identity"].get("session_context")
    )
    inner = row
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    (difference,) = logs.with_plain()
    assert difference.startswith(f"{event} ")
    assert place[0] in difference or place[0] == "extra"


@pytest.mark.parametrize("name", ["tp_id", "tp_index", "tp_akas", "tp_usernames"])
def test_a_value_that_is_not_the_reference_writers_is_found(logs: Logs, name: str) -> None:
    event = next(event for event, row in logs.ours.items() if name in row)
    logs.ours[event][name] = "something else"
    (difference,) = logs.with_reference()
    assert difference.startswith(f"{event} {name}: reference ")


def test_a_row_missing_and_a_row_too_many_are_found(logs: Logs) -> None:
    event, row = logs.ours.popitem()
    logs.ours["invented"] = row | {"event_id": "invented"}
    assert logs.with_plain() == [f"{event}: in the yardstick, not in ours", "invented: in ours, not in the yardstick"]
    assert logs.with_reference() == [f"{event}: in the input, not in ours", "invented: in ours, not in the input"]


def test_an_event_written_twice_is_an_error(logs: Logs) -> None:
    line = next(iter(logs.lines().values()))
    with pytest.raises(ValueError, match="was written twice"):
        compare.by_event([line, line])
