"""`regex`, and the patterns behind it."""

from __future__ import annotations

import json
import pickle
import time
from typing import Annotated

import pytest
import reactivex

from tailpipe_rx import ops, patterns
from tailpipe_rx.errors import UsageError
from tailpipe_rx.events import Artifact, Rejected
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.operators.runner import drain
from tailpipe_rx.rows.row import Row, field

PATTERN = r"(?P<who>\w+) is (?P<age>\d+|-)( in (?P<from>[A-Z].*))?"


class Person(Row):
    """Somebody."""

    who: Annotated[str, "The name."]
    age: Annotated[int | None, "In years."] = None
    origin: Annotated[str | None, "From where."] = field(default=None, name="from")


def collected(*lines: bytes, pattern: str = PATTERN) -> tuple[list[Person], list[Rejected]]:
    found: list[Batch[Person]] = []
    chain = ops.pipe(ops.load(), ops.lines(), ops.regex(pattern, Person))
    drain(reactivex.of(Artifact("a", content=b"\n".join(lines))).pipe(chain), found.append)
    assert all(batch.received == len(batch.rows) + len(batch.rejected) for batch in found)
    return [row for batch in found for row in batch.rows], [bad for batch in found for bad in batch.rejected]


def test_named_groups_are_the_columns_names_in_the_format() -> None:
    rows, rejected = collected(b"bob is 41 in Rome", "eve is 7 in Århus".encode(), pattern=PATTERN.replace("[A-Z]", ""))
    assert rejected == []
    assert [(row.who, row.age, row.origin) for row in rows] == [("bob", 41, "Rome"), ("eve", 7, "Århus")]


def test_a_group_that_took_no_part_is_absent() -> None:
    rows, _ = collected(b"bob is 41", b"eve is 7 in Rome")
    assert [(row.who, row.age, row.origin) for row in rows] == [("bob", 41, None), ("eve", 7, "Rome")]


def test_a_line_that_does_not_match_whole_is_rejected() -> None:
    rows, rejected = collected(b"bob is 41", b" bob is 41", b"bob is 41 ", b"eve is 7")
    assert [row.who for row in rows] == ["bob", "eve"]
    assert [(bad.number, bad.raw, bad.stage) for bad in rejected] == [
        (1, b" bob is 41", "regex"),
        (2, b"bob is 41 ", "regex"),
    ]
    assert rejected[0].reason == "the line does not match the pattern"


def test_a_value_that_does_not_fit_its_column_rejects_the_line() -> None:
    rows, rejected = collected(b"bob is -", b"eve is 7")
    assert [row.who for row in rows] == ["eve"]
    assert [(bad.number, bad.raw) for bad in rejected] == [(0, b"bob is -")]


def test_a_group_that_is_no_column_goes_to_extra() -> None:
    rows, _ = collected(b"bob likes tea", pattern=r"(?P<who>\w+) likes (?P<drink>\w+)")
    assert json.loads(bytes(rows[0].extra or b"")) == {"drink": "tea"}


def test_lines_rejected_before_are_passed_on() -> None:
    rows, rejected = collected(b"caf\xe9", b"bob is 41")
    assert [row.who for row in rows] == ["bob"]
    assert [(bad.number, bad.stage) for bad in rejected] == [(0, "lines")]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"(?P<who>a)(?=b)", "invalid perl operator"),
        (r"(?P<who>a)\1", "invalid escape sequence"),
        (r"(?P<who>a", "missing"),
        (r"(?P<who>a)(?P<who>b)", "names two groups 'who'"),
        (r"(\w+) is", "has no named group"),
        (r"(?P<who>\ud800)", "RE2 can match"),
    ],
)
def test_a_pattern_that_is_refused_says_why_before_anything_is_collected(
    pattern: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    made = ops.regex(pattern, Person)
    with pytest.raises(UsageError, match=said) as raised:
        made(reactivex.never())
    assert repr(pattern) in str(raised.value)
    assert capfd.readouterr() == ("", "")  # RE2 has a log of its own, which is off


def test_regex_is_a_value() -> None:
    made = ops.regex(PATTERN, Person)
    assert pickle.loads(pickle.dumps(made)) == made
    assert repr(made).startswith(f"regex({PATTERN!r}, Person")


# patterns


def test_a_pattern_is_compiled_once() -> None:
    assert patterns.compile(PATTERN) is patterns.compile(PATTERN)
    assert pickle.loads(pickle.dumps(patterns.compile(PATTERN))) is patterns.compile(PATTERN)


def test_groups_are_text_whatever_its_characters() -> None:
    found = patterns.compile(r"(?P<a>.)(?P<b>.)?(?P<c>.*)").fullmatch("é\U0001f600x\ud800")
    assert found == {"a": "é", "b": "\U0001f600", "c": "x\ud800"} or found is None  # half a pair is no character to RE2


def test_names_come_from_left_to_right() -> None:
    assert patterns.compile(r"(?P<z>a)(b)(?P<a>c)").names == ("z", "a")
    assert patterns.compile(r"(?P<z>a)(b)(?P<a>c)").fullmatch("abc") == {"z": "a", "a": "c"}
    assert patterns.compile("abc").fullmatch("abc") == {}
    assert patterns.compile("abc").fullmatch("abcd") is None


@pytest.mark.parametrize("pattern", [r"(?P<a>(a+)+)b", r"(?P<a>(a|aa)*)c", r"(?P<a>.*.*.*.*)x"])
def test_no_pattern_is_slow_on_any_line(pattern: str) -> None:
    compiled = patterns.compile(pattern)
    began = time.process_time()
    assert compiled.fullmatch("a" * 65536) is None
    assert time.process_time() - began < 1


def test_nothing_else_imports_re2(pytestconfig: pytest.Config) -> None:
    package = pytestconfig.rootpath / "tailpipe_rx"
    importing = [path.name for path in package.rglob("*.py") if "import re2" in path.read_text()]
    assert importing == ["patterns.py"]
