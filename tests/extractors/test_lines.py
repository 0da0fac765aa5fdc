"""`lines`: what a line is, and that it does not depend on how its bytes come in pieces."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import reactivex
from extracting import Extracted, content, extracted
from hypothesis import given, settings
from hypothesis import strategies as st

from tailpipe_rx import ops
from tailpipe_rx.errors import Truncated
from tailpipe_rx.events import Artifact
from tailpipe_rx.extractors.lines import text_lines
from tailpipe_rx.operators.elements import BATCH_ROWS, RAW_KEPT, Batch
from tailpipe_rx.operators.runner import drain


def read(data: bytes, step: int = 1000, longest: int = 1 << 24, failure: Exception | None = None) -> Extracted:
    return extracted(text_lines(content(data, step, failure), longest, 1))


def texts(data: bytes) -> list[str]:
    got = read(data)
    assert got.rejected == []
    return [line for _, line in got.rows]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n\r\n\n", []),
        (b"one", ["one"]),
        (b"one\n", ["one"]),
        (b"one\ntwo", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"one\r\ntwo\nthree\r", ["one", "two", "three"]),
        (b"one\n\n\r\ntwo\n\n", ["one", "two"]),
        (b" \n\t\n", [" ", "\t"]),
        (b"\xef\xbb\xbfone\ntwo", ["one", "two"]),
        (b"\xef\xbb\xbf", []),
        (b"one\n\xef\xbb\xbftwo", ["one", "\ufefftwo"]),
        ("é\u2028\x85\x0b\x1e one\nz".encode(), ["é\u2028\x85\x0b\x1e one", "z"]),
        (b"a\rb\nc\0d", ["a\rb", "c\0d"]),
    ],
)
def test_lines_end_with_lf_or_cr_lf_and_empty_ones_are_none(data: bytes, expected: list[str]) -> None:
    assert texts(data) == expected


def test_a_line_that_is_not_utf8_is_rejected_with_its_bytes_and_keeps_its_number() -> None:
    got = read(b"one\n\ncaf\xe9\r\nthree\n")
    assert got.rows == [(0, "one"), (2, "three")]
    assert got.bad == [(1, b"caf\xe9")]
    assert got.rejected[0].reason == "the line is not UTF-8 (byte 3 of it)"


def test_a_line_that_is_too_long_is_rejected_with_its_first_bytes() -> None:
    long = b"x" * 200_000
    got = read(b"one\n%b\nthree" % long, longest=100_000)
    assert got.numbers == [0, 2]
    assert got.bad == [(1, long[:RAW_KEPT])]
    got = read(long, longest=100_000)
    assert got.bad == [(0, long[:RAW_KEPT])]


def test_a_line_of_just_the_length_is_taken() -> None:
    assert read(b"a\n12345\n123456\nb", longest=5).bad == [(2, b"12345")]


def test_a_line_that_is_too_long_is_not_held() -> None:
    held: list[int] = []

    def pieces() -> Any:
        yield b"one\n"
        for _ in range(500):
            yield b"x" * 10_000
        yield b"\nthree\n"

    data = content(b"")
    data._pieces = pieces()
    for batch in text_lines(data, 100_000):
        held += [len(bad.raw) for bad in batch.rejected]
    assert held == [RAW_KEPT]


def test_the_lines_before_damage_are_delivered_and_what_is_cut_off_is_no_line() -> None:
    got = read(b"one\ntwo\nthr", failure=Truncated("logs/a.log: ends at byte 11"))
    assert got.rows == [(0, "one"), (1, "two")]
    assert str(got.error) == "logs/a.log: ends at byte 11"


def test_a_batch_has_at_most_a_thousand_lines() -> None:
    found: list[Batch[str]] = []
    data = b"".join(b"%d\n" % n if n % 500 else b"\xff\n" for n in range(5000))
    drain(reactivex.of(Artifact("a", content=data)).pipe(ops.load(), ops.lines()), found.append)
    assert max(len(batch.rows) for batch in found) == BATCH_ROWS
    assert all(line == str(n) for batch in found for n, line in zip(batch.numbers, batch.rows, strict=True))
    assert [bad.number for batch in found for bad in batch.rejected] == list(range(0, 5000, 500))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\r", "é".encode(), b"\xff", b"x" * 12, b"\xef\xbb\xbf"])).map(
        b"".join
    )
    | st.binary(max_size=60)
)
def test_lines_are_the_same_whatever_the_pieces(data: bytes) -> None:
    expected = [line.removesuffix(b"\r") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    expected = [line for line in expected if line]
    for step in (1, 2, 7, 50, 1000):
        got = read(data, step)
        both = {number: line.encode() for number, line in got.rows} | dict(got.bad)
        assert [both[number] for number in range(got.received)] == expected
        short = read(data, step, longest=10)
        assert (short.rows, short.rejected) == (read(data, longest=10).rows, read(data, longest=10).rejected)


def test_lines_are_a_value() -> None:
    assert pickle.loads(pickle.dumps(ops.lines())) == ops.lines() != ops.lines(5)
