"""Times are written in UTC with a Z, to the microsecond, whatever zone they came in."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import at_once, both, one_by_one

from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.rows.enrich import press
from tailpipe_rx.rows.reader import reader
from tailpipe_rx.rows.row import Common, Convert, Row, Struct


class Span(Struct):
    begin: datetime | None = None


def apache(text: str) -> datetime:
    return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")


class Event(Row):
    time: datetime
    end: datetime | None = None
    span: Span | None = None
    day: date | None = None
    logged: Annotated[datetime | None, Convert(str, apache)] = None

    def common(self) -> Common:
        return Common(timestamp=self.time)


def pressed(*rows: Any) -> list[dict[str, Any]]:
    lines, count, rejected = press(Batch(rows, range(len(rows)), len(rows)), "0" * 16, msgspec.Raw(b'"t"'), None)
    assert not rejected and count == len(rows)
    return [json.loads(line) for line in lines.splitlines()]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02t03:04:05z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T01:04:05+05:30", "2026-01-01T19:34:05Z"),
        ("2026-01-01T20:04:05-08:00", "2026-01-02T04:04:05Z"),
        ("2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100000Z"),
        ("2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05.123000Z"),
        ("2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456Z"),
        ("2026-01-02T03:04:05.000000Z", "2026-01-02T03:04:05Z"),
        ("2024-02-29T23:59:59.999999Z", "2024-02-29T23:59:59.999999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_every_time_is_written_in_utc_with_a_z(said: str, written: str) -> None:
    text = json.dumps({"time": said, "end": said, "span": {"begin": said}}).encode()
    for row in both(Event, text):
        (line,) = pressed(row)
        assert line["time"] == line["end"] == line["span"]["begin"] == line["tp_timestamp"] == written
        assert line["tp_date"] == written[:10]


def test_nanoseconds_are_kept_to_the_microsecond() -> None:
    for row in both(Event, b'{"time":"2026-01-02T03:04:05.123456400Z"}'):
        assert pressed(row)[0]["time"] == "2026-01-02T03:04:05.123456Z"


@pytest.mark.parametrize(
    "said",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02T03:04:05+25:00",
        "2026-01-02",
        "yesterday",
        "",
        "2026-01-02T03:04:05Z ",
    ],
)
@pytest.mark.parametrize("place", ["time", "end", "span"])
def test_what_is_no_time_or_beyond_all_years_is_rejected(said: str, place: str) -> None:
    good = b'{"time":"2026-01-02T03:04:05Z"}'
    bad = json.dumps({"time": "2026-01-02T03:04:05Z", place: {"begin": said} if place == "span" else said}).encode()
    for way in (at_once, one_by_one):
        batch = way(reader(Event), [good, bad, good])
        assert [r.raw for r in batch.rejected] == [bad]
        assert list(batch.numbers) == [0, 2]


@pytest.mark.parametrize("said", ["1767323045", "1767323045.5", "true", "null", "{}"])
def test_a_time_in_json_is_text(said: str) -> None:
    assert both(Event, b'{"time":%b}' % said.encode()) == [None, None]


def test_a_time_in_a_text_format_may_be_unix_seconds() -> None:
    row = reader(Event).text({"time": "1418530010", "end": "1418530010.25"})
    (line,) = pressed(row)
    assert (line["time"], line["end"]) == ("2014-12-14T04:06:50Z", "2014-12-14T04:06:50.250000Z")


def test_a_time_of_ones_own_format_is_converted_and_is_in_utc_too() -> None:
    for row in both(Event, b'{"time":"2026-01-02T03:04:05Z","logged":"17/May/2015:10:05:03 +0200"}'):
        assert pressed(row)[0]["logged"] == "2015-05-17T08:05:03Z"


def test_dates_are_dates() -> None:
    for row in both(Event, b'{"time":"2026-01-02T03:04:05Z","day":"2026-01-02"}'):
        assert pressed(row)[0]["day"] == "2026-01-02"


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),
        max_value=datetime(9998, 12, 30),
        timezones=st.one_of(
            st.just(UTC),
            st.none(),  # type: ignore[arg-type]
            st.integers(-23 * 60, 23 * 60).map(lambda m: timezone(timedelta(minutes=m))),
            st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "UTC"]).map(ZoneInfo),
        ),
    )
)
def test_tp_timestamp_and_tp_date_are_of_the_utc_day_whatever_common_says(at: datetime) -> None:
    class Said(Row):
        word: str | None = None

        def common(self) -> Common:
            return Common(timestamp=at)

    moment = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    (line,) = pressed(Said(word="x"))
    assert line["tp_timestamp"] == moment.isoformat().replace("+00:00", "Z")
    assert line["tp_date"] == moment.date().isoformat()


def test_each_row_of_a_batch_has_the_date_of_its_own_day() -> None:
    days = ["2026-01-02T23:59:59.999999Z", "2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z", "9999-12-31T12:00:00Z"]
    days += ["0001-01-01T00:00:00Z", "2026-01-02T12:00:00Z", "2026-01-03T01:00:00+02:00", "2026-01-01T23:00:00-02:00"]
    rows = at_once(reader(Event), [b'{"time":"%b"}' % day.encode() for day in days]).rows
    for line in pressed(*rows):
        assert line["tp_date"] == line["tp_timestamp"][:10] == line["time"][:10]
    assert [line["tp_date"] for line in pressed(*rows)][-2:] == ["2026-01-02", "2026-01-02"]


def test_a_time_that_an_author_assigns_is_written_in_utc_too() -> None:
    (row,) = at_once(reader(Event), [b'{"time":"2026-01-02T03:04:05Z"}']).rows
    row.end = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert pressed(row)[0]["end"] == "2026-01-02T01:04:05Z"
