"""`delimited`: headers, nulls, quotes, and lines with too few and too many values."""

from __future__ import annotations

import json
import pickle
from typing import Annotated, Any

import pytest
import reactivex
from extracting import Extracted, content, extracted
from hypothesis import given, settings
from hypothesis import strategies as st

from tailpipe_rx import ops
from tailpipe_rx.errors import Truncated, Unrecognised, UsageError
from tailpipe_rx.events import Artifact
from tailpipe_rx.extractors.delimited import Form, _batches
from tailpipe_rx.operators.elements import BATCH_ROWS, Batch
from tailpipe_rx.operators.runner import drain
from tailpipe_rx.rows.row import Row


class Flow(Row, rename="kebab"):
    """A flow of packets."""

    src_port: Annotated[int | None, "From."] = None
    dst_port: Annotated[int | None, "To."] = None
    action: Annotated[str | None, "What became of it."] = None


HEADER = b"src-port dst-port action\n"


def read(
    data: bytes,
    separator: str = " ",
    null: str = "-",
    header: tuple[str, ...] = (),
    quote: str = "",
    step: int = 1000,
    longest: int = 1 << 24,
    failure: Exception | None = None,
) -> Extracted:
    form = Form(Flow, separator, null, header, quote)
    return extracted(_batches(content(data, step, failure), form, longest, 1))


def values(got: Extracted) -> list[Any]:
    return [(number, row.src_port, row.dst_port, row.action) for number, row in got.rows]


def extra(row: Row) -> Any:
    return json.loads(bytes(row.extra)) if row.extra is not None else None


def test_the_first_line_names_the_columns_in_any_order() -> None:
    got = read(b"action src-port dst-port\nACCEPT 1 2\nREJECT - 4\n")
    assert values(got) == [(0, 1, 2, "ACCEPT"), (1, None, 4, "REJECT")]
    assert got.rejected == []


def test_a_header_may_leave_columns_out() -> None:
    assert values(read(b"action\nACCEPT\n")) == [(0, None, None, "ACCEPT")]


def test_a_header_with_names_that_are_not_known_is_one_if_half_of_them_are() -> None:
    got = read(b"src-port new-field action\n1 x ACCEPT\n2 - REJECT\n")
    assert values(got) == [(0, 1, None, "ACCEPT"), (1, 2, None, "REJECT")]
    assert [extra(row) for _, row in got.rows] == [{"new-field": "x"}, {"new-field": None}]


def test_without_one_the_argument_names_them() -> None:
    got = read(b"1 2 ACCEPT\n", header=("src-port", "dst-port", "action"))
    assert values(got) == [(0, 1, 2, "ACCEPT")]


def test_the_header_of_the_file_is_taken_rather_than_the_argument() -> None:
    got = read(b"action src-port\nACCEPT 1\n", header=("src-port", "dst-port", "action"))
    assert values(got) == [(0, 1, None, "ACCEPT")]


@pytest.mark.parametrize(
    "data", [b"1 2 ACCEPT\n", b"one two three four src-port\n", b"\x00\x01\x02\n", b"src-port src-port\n"]
)
def test_no_header_at_all_is_an_artifact_that_is_not_recognised(data: bytes) -> None:
    got = read(data)
    assert isinstance(got.error, Unrecognised)
    assert "logs/a.log: the first line names no columns of Flow, and no header is given" in str(got.error)


@pytest.mark.parametrize("data", [b"", b"\n\r\n", HEADER, HEADER + b"\n\n"])
def test_nothing_but_a_header_is_no_record(data: bytes) -> None:
    assert read(data) == Extracted([], [], None)


def test_empty_lines_and_carriage_returns_do_not_count() -> None:
    got = read(b"\r\nsrc-port action\r\n1 A\r\n\r\n\n2 B\r\n\r\n")
    assert values(got) == [(0, 1, None, "A"), (1, 2, None, "B")]


def test_a_header_in_the_middle_is_none_of_the_lines() -> None:
    assert values(read((HEADER + b"1 2 A\n") * 3)) == [(0, 1, 2, "A"), (1, 1, 2, "A"), (2, 1, 2, "A")]


def test_a_line_with_too_few_values_is_rejected() -> None:
    got = read(HEADER + b"1 2 A\n1 2\n3 4 B\n")
    assert got.numbers == [0, 2]
    assert got.bad == [(1, b"1 2")]
    assert got.rejected[0].reason == "2 values for 3 columns"


def test_of_a_line_with_too_many_values_the_surplus_goes_to_extra() -> None:
    got = read(HEADER + b"1 2 A\n1 2 B and more\n3 4 C\n")
    assert [row.action for _, row in got.rows] == ["A", "B", "C"]
    assert [extra(row) for _, row in got.rows] == [None, {"_": "and more"}, None]
    one_short_one_long = read(HEADER + b"1 2\n1 2 B more\n")
    assert (one_short_one_long.numbers, one_short_one_long.bad) == ([1], [(0, b"1 2")])


def test_a_value_that_does_not_fit_its_column_rejects_its_line() -> None:
    got = read(HEADER + b"1 2 A\nabc 2 B\n3 4 C\n")
    assert got.numbers == [0, 2]
    assert got.bad == [(1, b"abc 2 B")]


def test_a_line_that_is_not_utf8_is_rejected() -> None:
    got = read(HEADER + b"1 2 A\n1 2 caf\xe9\n3 4 caf\xc3\xa9\n")
    assert [row.action for _, row in got.rows] == ["A", "café"]
    assert got.bad == [(1, b"1 2 caf\xe9")]


def test_values_may_hold_what_json_would_escape() -> None:
    got = read(HEADER + b'1 2 a"b\n1 2 a\\nb\n1 2 a\tb\n1 2 {"a":[1]}\n')
    assert [row.action for _, row in got.rows] == ['a"b', "a\\nb", "a\tb", '{"a":[1]}']


def test_quotes_are_those_of_csv_if_asked_for() -> None:
    data = b'src-port,dst-port,action\n1,,"a, b"\n2,3,"say ""hi"""\n4,5,plain\n6,7,"open\n'
    got = read(data, ",", "", quote='"')
    assert values(got) == [(0, 1, None, "a, b"), (1, 2, 3, 'say "hi"'), (2, 4, 5, "plain")]
    assert got.bad == [(3, b'6,7,"open')]
    assert "quotes" in got.rejected[0].reason
    assert read(data, ",", "").rows[0][1].action == '"a'


def test_the_separator_may_be_any_text() -> None:
    for separator in ("\t", ",", "||"):
        data = HEADER.replace(b" ", separator.encode()) + separator.join(("1", "-", "A b")).encode()
        assert values(read(data, separator)) == [(0, 1, None, "A b")]


def test_a_line_that_is_too_long_is_rejected_and_the_next_is_read() -> None:
    got = read(HEADER + b"1 2 A\n1 2 %b\n3 4 B\n" % (b"x" * 200), longest=100)
    assert got.numbers == [0, 2]
    assert [bad.number for bad in got.rejected] == [1]


def test_the_rows_before_damage_are_delivered() -> None:
    got = read(HEADER + b"1 2 A\n3 4 B\n5 6", failure=Truncated("logs/a.log: ends at byte 7"))
    assert got.numbers == [0, 1]
    assert str(got.error) == "logs/a.log: ends at byte 7"


def test_a_batch_has_at_most_a_thousand_rows_and_knows_their_lines() -> None:
    found: list[Batch[Flow]] = []
    lines = [b"%d 2 A" % n if n % 700 else b"x 2 A" for n in range(5000)]
    chain = ops.pipe(ops.load(), ops.delimited(Flow), ops.filter(lambda row: 1 // (row.src_port - 4999)))
    drain(reactivex.of(Artifact("a", content=HEADER + b"\n".join(lines))).pipe(chain), found.append)
    assert max(len(batch.rows) for batch in found) <= BATCH_ROWS
    rejected = {bad.number: bad.raw for batch in found for bad in batch.rejected}
    assert rejected == {n: lines[n] for n in (*range(0, 5000, 700), 4999)}


@pytest.mark.parametrize(
    "arguments",
    [{"separator": ""}, {"separator": "\n"}, {"separator": '"'}, {"quote": "''"}, {"separator": "||", "quote": "'"},
     {"header": ("a", "a")}],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_collected(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"^delimited: "):
        ops.delimited(Flow, **arguments)(reactivex.never())


def test_delimited_is_a_value() -> None:
    made = ops.delimited(Flow, header=["action"])
    assert pickle.loads(pickle.dumps(made)) == made


lines = st.sampled_from(
    [b"1 2 A", b"- - -", b"1 2", b"1 2 A more", b"x 2 A", b"", b"1 2 \xff", b'1 2 "q"', b"1 2 a\\b",
     b"src-port dst-port action", "1 2 é".encode(), b"1  A", b"1 2 " + b"x" * 90, b"\r", b"1 2 \x00"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(lines, max_size=12), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_rows_are_the_same_whatever_the_pieces(found: list[bytes], end: bytes, with_header: bool) -> None:
    data = (HEADER if with_header else b"") + end.join(found)
    for longest in (1 << 24, 60):

        def told(step: int, longest: int = longest) -> Any:
            got = read(data, step=step, header=("src-port", "dst-port", "action"), longest=longest)
            return values(got), [extra(row) for _, row in got.rows], got.rejected, str(got.error)

        for step in (1, 2, 7, 50):
            assert told(step) == told(1000)
