"""Where a record ends depends on the text alone: whatever comes in whatever pieces, broken or not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from extracting import Extracted, Seen, compact, content, extracted
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tailpipe_rx.events import Artifact
from tailpipe_rx.extractors.records import Records
from tailpipe_rx.operators.elements import Content
from tailpipe_rx.rows.reader import reader

STEPS = (1, 2, 7, 50, 1000, 1 << 18)
RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.sampled_from(
    ["", "a", '},{"eventVersion":', '"]}', "]}", "{[", '\\"', "a\nb", "é", "\U0001f600", "\\", '"Records":[', "x" * 60]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.floats(-2, 2, width=16) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "eventVersion", "n", "}{", '"', "Records"]), inner, max_size=3)
    ),
    max_leaves=6,
)
records = st.fixed_dictionaries(
    {},
    optional={"eventVersion": texts, "n": st.integers(-(2**40), 2**40), "s": texts, "nested": values.filter(bool)},
)
bad_records = st.sampled_from(
    [b'{"n":tru}', b"nul", b'{"s":"x}', b'{"n":1}}', b'{"nested":{"n":1}', b'{"nested":[1}', b'{"s":"\xff"}', b"", b"{",
     b'{"n":"x"}', b'"', b"}", b'{"eventVersion":"}', b'{"s":"' + b"x" * 250 + b'"}', b'{"s":"a\nb"}']
)  # fmt: skip
layouts = st.sampled_from(
    [{"separators": (",", ":")}, {}, {"indent": 2}, {"indent": 0}, {"ensure_ascii": False, "separators": (",", ":")}]
)


def read(data: bytes, key: str | None, step: int, longest: int = 1 << 24) -> Extracted:
    size = 1 if step < 1000 else 1 << 16  # small pieces are joined, unless a test wants them as they are
    return extracted(Records(content(data, step), key, reader(Seen), "test", longest, size).batches())


def told(got: Extracted) -> Any:
    rows = [(number, row.eventVersion, row.n, row.s, row.nested) for number, row in got.rows]
    rejected = [(bad.number, bad.raw) for bad in got.rejected]
    return rows, rejected, None if got.error is None else str(got.error)


def same_in_all_pieces(data: bytes, key: str | None, longest: int = 1 << 24) -> Extracted:
    whole = read(data, key, 1 << 18, longest)
    for step in STEPS:
        assert told(read(data, key, step, longest)) == told(whole), step
    return whole


@RELAXED
@given(st.lists(records, max_size=12), layouts, st.sampled_from(["document", "array", "lines", "concatenated"]))
def test_valid_json_gives_what_a_slow_reference_gives(found: list[Any], layout: Any, form: str) -> None:
    match form:
        case "document":
            data = json.dumps({"a": [{}], "Records": found, "z": {"Records": 1}}, **layout).encode()
        case "array":
            data = json.dumps(found, **layout).encode()
        case "lines":
            data = "\n".join(json.dumps(record, **layout) for record in found).encode()
        case _:
            data = "".join(json.dumps(record, **layout) for record in found).encode()
    for key in ("Records",) if form in ("document", "array") else ("Records", None):
        got = same_in_all_pieces(data, key)
        assert got.error is None
        assert got.rejected == []
        assert [(n, r.eventVersion, r.n, r.s, r.nested) for n, r in got.rows] == [
            (i, r.get("eventVersion"), r.get("n"), r.get("s"), r.get("nested")) for i, r in enumerate(found)
        ]


@RELAXED
@given(st.lists(records.map(compact) | bad_records, max_size=12), st.sampled_from([b",", b", ", b",\n  "]))
@example([b'{"s":"x}', b'{"n":1}', b'{"n":2}'], b",")
@example([b'{"nested":{"n":1}', b'{"nested":{"n":1}}', b'{"n":2}'], b",")
def test_broken_records_are_the_same_ones_in_all_pieces(found: list[bytes], between: bytes) -> None:
    for text in (b'{"Records":[%b],"z":1}', b"[%b]"):
        same_in_all_pieces(text % between.join(found), "Records")
        same_in_all_pieces(text % between.join(found), "Records", longest=100)


@RELAXED
@given(st.lists(records.map(compact) | bad_records, max_size=12), st.sampled_from([b"\n", b"\r\n", b"", b"\n\n"]))
@example([b'{"nested":', b'{"n":1}', b'{"n":2}'], b"\n")
def test_broken_lines_are_the_same_ones_in_all_pieces(found: list[bytes], between: bytes) -> None:
    for key in ("Records", None):
        same_in_all_pieces(between.join(found), key)
        same_in_all_pieces(between.join(found), key, longest=100)


@RELAXED
@given(st.data())
def test_damaged_bytes_lead_to_the_same_rows_rejects_and_errors_in_all_pieces(data: st.DataObject) -> None:
    found = data.draw(st.lists(records, min_size=1, max_size=6))
    layout = data.draw(layouts)
    if data.draw(st.booleans()):
        text = bytearray(json.dumps({"Records": found}, **layout).encode())
    else:
        text = bytearray("\n".join(json.dumps(record, **layout) for record in found).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 5))
        text[place : place + length] = data.draw(
            st.sampled_from([b"", b'"', b"{", b"}", b"[", b"]", b",", b"\n", b"\xff"])
        )
    for longest in (1 << 24, 100):
        same_in_all_pieces(bytes(text), "Records", longest)
        same_in_all_pieces(bytes(text), None, longest)


@RELAXED
@given(st.binary(max_size=300) | st.text('{}[]":,\\ \nntr1', max_size=80).map(str.encode))
def test_any_bytes_end_in_rows_rejects_or_an_error_of_the_artifact(data: bytes) -> None:
    for key in ("Records", None):
        for longest in (1 << 24, 20):
            same_in_all_pieces(data, key, longest)
            same_in_all_pieces(b'{"Records":[' + data, key, longest)
            same_in_all_pieces(b'{"n":1}\n' + data, key, longest)


HARD = {
    "quotes": b'"',
    "escaped quotes": b'\\"',
    "braces": b"{",
    "closing braces": b"}",
    "brackets": b"[",
    "commas": b",",
    "backslashes": b"\\",
    "what looks like a next record": b'},{"n":',
    "arrays in arrays": b'{"Records":[',
    "broken records": b'{"n":tru},',
    "records with a quote that is not closed": b'{"n":"x},',
    "lines with a brace too few": b'{"n":{"n":1}\n',
    "records with a brace too few": b'{"n":{"n":1},',
    "lines that break off": b'{"n":\n{"n":1}\n',
    "names that never come again": b"".join(b'{"%d":{"n":1},' % i for i in range(4000)),
    "lines with a quote that is not closed": b'{"n":"x}\n',
    "line feeds": b"\n",
    "lines": b"x\n",
    "empty objects": b"{}",
    "half surrogates": b'{"s":"\\ud800"},',
}


@pytest.mark.parametrize("hard", HARD)
def test_the_time_for_64_kb_is_bounded_whatever_is_in_them(hard: str) -> None:
    unit = HARD[hard]
    for head in (b"", b'{"Records":[', b'{"n":1}\n'):
        data = (head + unit * (65536 // len(unit)))[:65536]
        for key in ("Records", None):
            began = time.process_time()
            read(data, key, 1 << 18)
            assert time.process_time() - began < 5  # it takes 0.8, and minutes where it is quadratic


@pytest.mark.parametrize("key", [None, "Records"])
@pytest.mark.parametrize("place", [511, 512, 513, 1024, 4096])
def test_a_backslash_where_a_record_is_looked_at_again_does_not_read_on_to_the_end(key: str | None, place: int) -> None:
    begin, step, given = b'{"s":"', 1 << 16, 0
    text = b"a" * (place - len(begin))
    lines = b'%b%b\\"b"}\n{"n":tru}\n' % (begin, text) + b'{"s":"%b"}\n{"n":tru}\n' % (b"x" * 500) * 5_000

    def pieces() -> Iterator[bytes]:
        nonlocal given
        for i in range(0, len(lines), step):
            given += 1
            yield lines[i : i + step]

    batch = next(Records(Content(Artifact("logs/a.log"), pieces()), key, reader(Seen), "test").batches())
    assert batch.rows[0].s == text.decode() + '"b'
    assert given * step < 1 << 20 < len(lines)
