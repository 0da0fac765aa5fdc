"""`json_items` and `json_lines`: what counts as a record, and what one bad record costs."""

from __future__ import annotations

import gzip
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import reactivex
from extracting import Extracted, Seen, compact, content, extracted

from tailpipe_rx import Json, Row, ops
from tailpipe_rx.errors import Corrupt, Truncated, Unrecognised
from tailpipe_rx.events import Artifact, Rejected
from tailpipe_rx.extractors.records import Records
from tailpipe_rx.operators.elements import BATCH_ROWS, RAW_KEPT, Batch
from tailpipe_rx.operators.runner import drain
from tailpipe_rx.rows.reader import reader

TRICKY = '},{"eventVersion":"x" ] } ,\\'
RECORDS: list[dict[str, Any]] = [
    {
        "eventVersion": "1.08",
        "n": i,
        "s": TRICKY,
        "nested": [{"a": 1}, {"eventVersion": "tricky"}, {"eventVersion": 2}, {"Records": [1]}],
    }
    for i in range(40)
]


def items(data: bytes, longest: int = 1 << 24, failure: Exception | None = None) -> Extracted:
    return extracted(Records(content(data, 1000, failure), "Records", reader(Seen), "json_items", longest, 1).batches())


def lines(data: bytes, longest: int = 1 << 24) -> Extracted:
    return extracted(Records(content(data, 1000), None, reader(Seen), "json_lines", longest, 1).batches())


def collected(data: bytes, chain: ops.Any) -> list[Batch[Any]]:  # type: ignore[name-defined]
    found: list[Batch[Any]] = []
    drain(reactivex.of(Artifact("a.json", content=data)).pipe(chain), found.append)
    return found


FORMS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "compact": lambda records: compact({"Records": records}),
    "spaced": lambda records: json.dumps({"Records": records}).encode(),
    "pretty-printed": lambda records: json.dumps({"Records": records}, indent=2).encode(),
    "behind other members": lambda records: compact(
        {"a": [1, {"Records": [1]}], "b": "Records", "c": None, "d": '"Records":[', "Records": records}
    ),
    "before other members": lambda records: compact({"Records": records, "z": {"Records": [{}]}, "y": 1}),
    "with a byte-order mark": lambda records: b"\xef\xbb\xbf" + compact({"Records": records}),
    "a bare array": compact,
    "a bare array, pretty-printed": lambda records: json.dumps(records, indent=1).encode(),
    "one a line": lambda records: b"\n".join(map(compact, records)),
    "one a line, and a last line feed": lambda records: b"".join(compact(r) + b"\n" for r in records),
    "one a line, with CR LF and blank lines": lambda records: b"\r\n\r\n".join(map(compact, records)) + b"\r\n\r\n",
    "concatenated": lambda records: b"".join(map(compact, records)),
    "pretty-printed, one behind the other": lambda records: b"\n".join(
        json.dumps(r, indent=1).encode() for r in records
    ),
    "a document a line": lambda records: b"\n".join(
        compact({"Records": records[i : i + 7]}) for i in range(0, len(records), 7)
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_records_are_found_in_every_form(form: str) -> None:
    got = items(FORMS[form](RECORDS))
    assert got.error is None
    assert got.rejected == []
    assert [(n, row.n, row.s, row.nested) for n, row in got.rows] == [
        (i, i, TRICKY, record["nested"]) for i, record in enumerate(RECORDS)
    ]


@pytest.mark.parametrize("form", [f for f in FORMS if f.startswith(("one", "concatenated", "pretty-printed, one"))])
def test_json_lines_takes_objects_by_the_line_or_not(form: str) -> None:
    got = lines(FORMS[form](RECORDS))
    assert got.error is None
    assert [row.n for _, row in got.rows] == list(range(40))


@pytest.mark.parametrize(
    "data", [b"", b" \n\t", b"\xef\xbb\xbf", b'{"Records":[]}', b'{"Records":null}', b"[]", b'{"a":1,"Records" : [ ] }']
)
def test_nothing_in_it_is_no_record_and_no_error(data: bytes) -> None:
    assert items(data) == Extracted([], [], None)


def test_an_object_without_the_key_is_a_record_itself() -> None:
    got = items(b'{"n":1}\n{"Records":[{"n":2},{"n":3}]}\n{"n":4,"nested":{"Records":[1]}}\n')
    assert [(n, row.n) for n, row in got.rows] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_to_json_lines_an_array_is_a_record_that_does_not_fit() -> None:
    got = lines(b'{"n":1}\n[{"n":2}]\n{"n":3}\n')
    assert got.numbers == [0, 2]
    assert got.bad == [(1, b'[{"n":2}]')]


# What it costs.

BAD_RECORDS: dict[str, bytes] = {
    "a wrong type": b'{"n":"one"}',
    "null": b"null",
    "a number": b"17",
    "a text with a comma in it": b'"a,b]"',
    "an array": b'[1,{"n":2}]',
    "a misspelt literal": b'{"n":tru}',
    "a nested value after a misspelt literal": b'{"n":tru,"nested":[{"n":1},{"n":2}]}',
    "a misspelt literal as a record": b"nul",
    "no quotes round a name": b"{n:1}",
    "a quote that is not closed": b'{"s":"x}',
    "a brace too many": b'{"n":2}}',
    "a brace too few": b'{"nested":{"n":2}',
    "a wrong bracket": b'{"nested":[1}',
    "a comma too many": b'{"n":1,}',
    "a raw line feed in a text": b'{"s":"a\nb"}',
    "a wrong escape": b'{"s":"\\q"}',
    "a name without a value": b'{"n"}',
    "bytes that are not UTF-8": b'{"s":"\xff\xfe"}',
    "half a surrogate pair": b'{"s":"\\ud800"}',
    "a name that stands twice": b'{"n":1,"n":2}',
    "too deep": b'{"nested":' + b"[" * 200 + b"]" * 200 + b"}",
    "far too deep": b'{"nested":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "nothing between commas": b"",
}


@pytest.mark.parametrize("bad", BAD_RECORDS)
def test_one_bad_record_of_an_array_costs_one_record(bad: str) -> None:
    broken = BAD_RECORDS[bad]
    good = [compact({"n": i, "nested": [{"n": 1}, {"n": 2}]}) for i in range(6)]
    for place in range(len(good)):  # behind the last one the array may end instead
        data = b'{"Records":[%b],"z":1}' % b",".join([*good[:place], broken, *good[place:]])
        got = items(data)
        assert got.error is None
        assert got.bad == [(place, broken)]
        assert [row.n for _, row in got.rows] == list(range(6))


@pytest.mark.parametrize("bad", [b for b in BAD_RECORDS if "comma" not in b and "line feed" not in b])
def test_one_bad_line_costs_one_record(bad: str) -> None:
    broken = BAD_RECORDS[bad]
    good = [compact({"n": i, "nested": [{"n": 1}, {"n": 2}]}) for i in range(6)]
    for place in range(len(good)):
        for read in (lines, items) if bad != "an array" else (lines,):
            got = read(b"\n".join([*good[:place], broken, *good[place:]]) + b"\n")
            assert got.error is None
            assert got.bad == [(place, broken)]
            assert [row.n for _, row in got.rows] == list(range(6))


def test_a_line_that_breaks_off_costs_itself_even_where_the_next_could_be_its_value() -> None:
    got = lines(b'{"n":1}\n{"nested":\n{"n":3}\n')
    assert got.bad == [(1, b'{"nested":')]
    assert got.numbers == [0, 2]


def test_something_behind_an_object_on_its_line_makes_the_line_one_bad_record() -> None:
    assert lines(b'{"n":1}\n{"n":2} or so\n{"n":3}\n').bad == [(1, b'{"n":2} or so')]


def test_a_missing_comma_costs_nothing() -> None:
    assert items(b'{"Records":[{"n":1}{"n":2} {"n":3}]}').numbers == [0, 1, 2]


def test_a_first_line_that_was_cut_off_by_rotation_costs_one_record() -> None:
    got = items(b'ame":"x"}\n{"n":1}\n')
    assert got.bad == [(0, b'ame":"x"}')]
    assert got.numbers == [1]


def test_unknown_members_are_kept() -> None:
    (_, row), *_ = items(b'{"Records":[{"n":1,"new":{"a":[1]}}]}').rows
    assert json.loads(bytes(row.extra)) == {"new": {"a": [1]}}


def test_what_was_found_is_what_is_kept_of_a_record_that_is_rejected_later() -> None:
    data = b'{"Records":[{"n": 1, "x": [ ]},{"n":2}]}'
    chain = ops.pipe(ops.load(), ops.json_items("Records", Seen), ops.filter(lambda row: 1 // (row.n - 1)))
    (batch,) = collected(data, chain)
    assert [bad.raw for bad in batch.rejected] == [b'{"n": 1, "x": [ ]}']


# Size.


def test_a_record_that_is_too_long_is_rejected_with_its_first_bytes_and_the_stream_goes_on() -> None:
    long = compact({"s": "x" * 200_000, "nested": [{"n": 1}, "},{"]})
    good = compact({"n": 1})
    for data in (b'{"Records":[%b]}' % b",".join((good, long, good)), b"\n".join((good, long, good))):
        got = items(data, longest=100_000)
        assert got.numbers == [0, 2]
        assert got.bad == [(1, long[:RAW_KEPT])]
        assert "longer than 100000 bytes" in got.rejected[0].reason


def test_a_record_of_just_the_length_is_taken() -> None:
    record = compact({"s": "x" * 1000})
    for longest, rejected in ((len(record), 0), (len(record) - 1, 1)):
        assert len(items(b'{"Records":[%b]}' % record, longest).rejected) == rejected
        assert len(lines(record, longest).rejected) == rejected
        assert len(items(record, longest).rejected) == rejected


@pytest.mark.parametrize("long", [b'{"s":"' + b"x" * 300_000, b"x" * 300_000, b'"' + b"x" * 300_000])
def test_a_broken_record_that_is_too_long_ends_where_the_next_begins(long: bytes) -> None:
    got = lines(b'{"n":0}\n%b\n{"n":1}\n' % long, longest=100_000)
    assert [bad.number for bad in got.rejected] == [1]
    assert got.rejected[0].raw == long[:RAW_KEPT]
    assert got.numbers == [0, 2]


def test_no_more_than_a_block_and_a_record_is_held_whatever_the_length() -> None:
    held = 0

    def endless() -> Any:
        nonlocal held
        yield b'{"n":1}\n{"s":"'
        for _ in range(300):
            yield b"x" * 10_000
            held = max(held, len(reading._cut.text))
        yield b'"}\n{"n":2}\n'

    data = content(b"")
    data._pieces = endless()
    reading = Records(data, "Records", reader(Seen), "json_items", 100_000)
    got = extracted(reading.batches())
    assert got.numbers == [0, 2]
    assert held < 300_000


def test_what_stands_before_the_array_is_not_held() -> None:
    held = 0

    def endless() -> Any:
        nonlocal held
        yield b'{"before":{"Records":[1],"x":"'
        for _ in range(300):
            yield b"x" * 10_000
            held = max(held, len(reading._cut.text))
        yield b'"},"Records":[{"n":1}]}'

    data = content(b"")
    data._pieces = endless()
    reading = Records(data, "Records", reader(Seen), "json_items", 100_000)
    got = extracted(reading.batches())
    assert (got.numbers, got.error) == ([0], None)
    assert held < 300_000


def test_a_batch_has_at_most_a_thousand_rows() -> None:
    data = compact({"Records": [{"n": i} if i % 100 else {"n": "x"} for i in range(5000)]})
    got = collected(data, ops.pipe(ops.load(), ops.json_items("Records", Seen)))
    assert max(len(batch.rows) for batch in got) == BATCH_ROWS
    assert sum(batch.received for batch in got) == 5000
    assert [bad.number for batch in got for bad in batch.rejected] == list(range(0, 5000, 100))
    assert all(row.n == number for batch in got for row, number in zip(batch.rows, batch.numbers, strict=True))


# Damage.


@pytest.mark.parametrize(
    ("data", "rows", "where"),
    [
        (b'{"Records":[{"n":1},{"n":2', 1, "record 1"),
        (b'{"Records":[{"n":1},{"n":2}', 2, 'the array of "Records"'),
        (b'{"Records":[{"n":1},', 1, 'the array of "Records"'),
        (b'{"Records":[{"n":1}]', 1, "the document"),
        (b'{"Records":[{"n":1}],"a":[', 1, "the document"),
        (b'{"a":1,"Rec', 0, "record 0"),
        (b'[{"n":1}', 1, "the array"),
        (b'{"n":1}\n{"n":2', 1, "record 1"),
    ],
)
def test_the_rows_before_the_end_of_a_text_that_was_cut_are_delivered(data: bytes, rows: int, where: str) -> None:
    got = items(data)
    assert got.numbers == list(range(rows))
    assert isinstance(got.error, Truncated)
    assert f"logs/a.log: ends inside {where}" in str(got.error)


def test_a_text_cut_at_any_byte_gives_a_prefix_of_its_rows_and_an_error() -> None:
    for form in ("compact", "pretty-printed", "a bare array", "before other members"):
        data = FORMS[form](RECORDS[:3])
        for cut in range(1, len(data)):
            got = items(data[:cut])
            assert isinstance(got.error, Truncated), (form, cut)
            assert [row.n for _, row in got.rows] == list(range(len(got.rows)))
            assert got.rejected == []


@pytest.mark.parametrize("kind", [Truncated, Corrupt])
def test_damage_of_the_artifact_comes_after_the_rows_and_names_the_place(kind: type[Exception]) -> None:
    got = items(b'{"Records":[{"n":1},{"n":2},{"n"', failure=kind("logs/a.log: damaged at byte 7"))
    assert got.numbers == [0, 1]
    assert type(got.error) is kind
    assert str(got.error) == "logs/a.log: damaged at byte 7 (after 2 records)"


def test_a_cut_gzip_file_gives_the_rows_before_the_cut() -> None:
    packed = gzip.compress(compact({"Records": [{"n": i, "s": str(i * 7919)} for i in range(3000)]}))
    found: list[Batch[Any]] = []
    chain = ops.pipe(ops.load(), ops.json_items("Records", Seen))
    with pytest.raises(Truncated, match=rf"^a.gz: the gzip data ends at byte {len(packed) // 2}, .*after \d+ records"):
        drain(reactivex.of(Artifact("a.gz", content=packed[: len(packed) // 2])).pipe(chain), found.append)
    rows = [row.n for batch in found for row in batch.rows]
    assert rows == list(range(len(rows)))
    assert 1000 < len(rows) < 2000


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"\x00\x01\x02binary", "the bytes 00 01 02 62"),
        (b"\x89PNG\r\n\x1a\n\x00", "the bytes 89 50 4e 47"),
        (b"2023-01-01 GET /\n", "'2023-01-01 GET /'"),
        (b"version account-id\n2 1234\n", "'version account-id'"),
        (b"17\n", "'17'"),
    ],
)
def test_what_is_no_json_is_unrecognised_and_says_what_it_looks_like(data: bytes, seen: str) -> None:
    for read in (items, lines):
        got = read(data)
        assert isinstance(got.error, Unrecognised)
        assert str(got.error).startswith(f"logs/a.log: is no JSON: it begins with {seen}")
        assert got.received == 0


# As operators.


def test_the_operators_are_values() -> None:
    for made in (ops.json_items("Records", Seen), ops.json_lines(Seen)):
        assert pickle.loads(pickle.dumps(made)) == made
    assert repr(ops.json_items("Records", Seen)).startswith("json_items('Records', Seen")


def test_the_member_of_an_archive_is_passed_on() -> None:
    data = content(b'{"Records":[{"n":1}')
    data.member = "b.json"
    read = Records(data, "Records", reader(Seen), "json_items").batches()
    batch = next(read)
    assert batch.member == "b.json"
    with pytest.raises(Truncated, match=r"^logs/a.log!b.json: "):
        next(read)


def test_a_rejected_record_says_which_stage_rejected_it() -> None:
    (bad,) = items(b'{"Records":[1]}').rejected
    assert bad == Rejected(b"1", bad.reason, 0, "json_items")


class Event(Row, rename="camel"):
    event_time: str
    n: int
    more: Json[dict[str, Any]] | None = None


@pytest.mark.parametrize("missing", [1, 2, 4, 9])
def test_a_record_whose_end_is_missing_takes_no_other_along(missing: int) -> None:
    records = [f'{{"eventTime":"t","n":{n},"more":{{"a":[1,{{"eventTime":"q"}}]}}}}' for n in range(5)]
    records[1] = records[1][:-missing]
    batches: list[Batch[Event]] = []
    text = b'{"Records":[%b]}' % ",".join(records).encode()
    chain = ops.pipe(ops.load(), ops.json_items("Records", Event))
    reactivex.of(Artifact("x", content=text)).pipe(chain).subscribe(batches.append)
    assert [row.n for batch in batches for row in batch.rows] == [0, 2, 3, 4]
    assert [bad.raw.decode() for batch in batches for bad in batch.rejected] == [records[1]]
