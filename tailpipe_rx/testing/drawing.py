"""Moments drawn as a line, and what a failed test says."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs
from reactivex.notification import OnError, OnNext

from ..errors import describe
from ..operators.elements import Batch
from .clock import Moment
from .diagram import DRAWN, REJECT, SIGNS, is_shown, same, same_value, shape

Span: TypeAlias = tuple[float, float | None]

WIDEST: Final = 160
"""Columns; what is drawn further right is cut off."""
LONGEST: Final = 500
"""Characters of a value in the legend."""


class Letters:
    """Names for values: those given, one-letter strings as themselves, and capitals for the others."""

    def __init__(self, given: Mapping[str, Any], moments: Iterable[Moment] = ()) -> None:
        self.given = dict(given)
        self.others: dict[str, Any] = {}
        unknown = [v for v in _values(moments) if self._find(v) is None]
        for value in unknown:
            if isinstance(value, str) and len(value) == 1 and value not in SIGNS and value not in self.given:
                self.others[value] = value
        spare = iter(c for c in string.ascii_uppercase + string.ascii_lowercase + string.digits if c not in self.known)
        for value in unknown:
            if self._find(value) is None and (letter := next(spare, None)) is not None:
                self.others[letter] = value

    @property
    def known(self) -> dict[str, Any]:
        return {**self.given, **self.others}

    def of(self, value: Any) -> str:
        if value is REJECT:
            return "#"
        return self._find(value) or "?"

    def legend(self, shown: str) -> Iterator[str]:
        """What the letters in *shown* stand for; letters that stand for themselves need no line unless others do."""
        for letter, value in self.known.items():
            if letter in shown and not (not self.given and value == letter):
                text = repr(value)
                text = text if len(text) <= LONGEST else text[:LONGEST] + "…"
                yield f"  {letter} = {text}" + ("" if letter in self.given else "    (has no letter in the test)")

    def _find(self, value: Any) -> str | None:
        for letter, known in (*self.given.items(), *self.others.items()):
            if same_value(known, value):
                return letter
        return None


def _values(moments: Iterable[Moment]) -> Iterator[Any]:
    for _, what in moments:
        if isinstance(what, OnNext) and is_shown(what):
            yield from (
                (v for v in shape(what.value) if v is not REJECT) if isinstance(what.value, Batch) else [what.value]
            )


def marks(moments: Iterable[Moment], letters: Letters) -> dict[float, str]:
    """What is drawn in which frame."""
    frames: dict[float, list[str]] = {}
    for frame, what in moments:
        if not is_shown(what):
            continue
        if not isinstance(what, OnNext):
            mark = "#" if isinstance(what, OnError) else "|"
        elif isinstance(what.value, Batch):
            mark = f"[{''.join(letters.of(v) for v in shape(what.value))}]"
        else:
            mark = letters.of(what.value)
        frames.setdefault(frame, []).append(mark)
    return {frame: found[0] if len(found) == 1 else f"({''.join(found)})" for frame, found in frames.items()}


class Columns:
    """Where frames are drawn: each in the column of its number, or further right where a bracket needs the room."""

    def __init__(self, lines: Sequence[Mapping[float, str]], spans: Iterable[Span] = ()) -> None:
        times = {frame for line in lines for frame in line} | {t for span in spans for t in span if t is not None}
        last = int(max(times, default=0))
        ends = [0] * len(lines)
        self.at: dict[float, int] = {}
        column = -1
        for frame in sorted({*range(last + 1), *times}):
            column = max([column + 1, *(end for line, end in zip(lines, ends, strict=True) if frame in line)])
            self.at[frame] = column
            for i, line in enumerate(lines):
                if frame in line:
                    ends[i] = column + len(line[frame])
        while column + 1 < max(ends, default=0) and not self.stretched:
            column, last = column + 1, last + 1
            self.at[last] = column

    @property
    def stretched(self) -> bool:
        return any(frame != column for frame, column in self.at.items())

    def line(self, found: Mapping[float, str]) -> str:
        text = ""
        for frame, mark in sorted(found.items()):
            text += "-" * (self.at[frame] - len(text)) + mark
        return text

    def span(self, span: Span) -> str:
        start, end = span
        left = " " * self.at[start]
        if end is None:
            return left + "^"
        return left + ("(^!)" if start == end else "^" + "-" * (self.at[end] - self.at[start] - 1) + "!")

    def ruler(self) -> tuple[str, str]:
        tens, ones = [" "] * (max(self.at.values()) + 1), [" "] * (max(self.at.values()) + 1)
        for frame, column in self.at.items():
            whole = frame == int(frame)
            ones[column] = str(int(frame) % 10) if whole else "."
            if whole and frame % 10 == 0:
                tens[column : column + len(str(int(frame) // 10))] = str(int(frame) // 10)
        return "".join(tens).rstrip()[: len(ones)], "".join(ones)


@attrs.frozen
class Outcome:
    """A diagram and what came of it."""

    given: Mapping[str, Any]
    sources: Sequence[tuple[str, list[Moment]]]
    expected: list[Moment]
    actual: list[Moment]
    subscriptions: Sequence[tuple[str, list[Span], list[Span]]] = ()
    """Of each source whose subscriptions are drawn: its name, those expected, those seen."""

    @property
    def passed(self) -> bool:
        return self.marbles_agree and all(want == have for _, want, have in self.subscriptions)

    @property
    def marbles_agree(self) -> bool:
        return self._first_difference() is None

    def _first_difference(self) -> int | None:
        for i, ((t, a), (u, b)) in enumerate(zip(self.expected, self.actual, strict=False)):
            if t != u or not same(a, b):
                return i
        shorter = min(len(self.expected), len(self.actual))
        return None if len(self.expected) == len(self.actual) else shorter

    def text(self) -> str:
        """The difference, drawn."""
        everything = [m for _, moments in self.sources for m in moments] + self.expected + self.actual
        letters = Letters(self.given, everything)
        lines = [(name, marks(moments, letters)) for name, moments in self.sources]
        want, got = marks(self.expected, letters), marks(self.actual, letters)
        spans = [span for _, wanted, had in self.subscriptions for span in (*wanted, *had)]
        columns = Columns([*(line for _, line in lines), want, got], spans)
        drawn = [(name, columns.line(line)) for name, line in lines]
        drawn += [("expected", columns.line(want)), ("actual", columns.line(got))]
        differing = [] if self.marbles_agree else [("", " " * self._caret(columns, drawn[-2][1], drawn[-1][1]) + "^")]
        subscribed: list[tuple[str, str]] = []
        for name, wanted, had in self.subscriptions:
            if wanted != had:
                subscribed += [(f"{name}:subs", "")]
                subscribed += [("expected", columns.span(span)) for span in wanted] or [("expected", "none")]
                subscribed += [("actual", columns.span(span)) for span in had] or [("actual", "none")]
        left = max(len(name) for name, _ in [*drawn, *subscribed]) + 2
        out = ["the marbles differ" if differing else "the subscriptions differ"]
        tens, ones = columns.ruler()
        for name, text in [("frame", tens), ("", ones), *drawn, *differing, *subscribed]:
            text = text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
            out.append(f"  {name:{left}}{text}".rstrip())
        out += letters.legend("".join(text for _, text in drawn))
        return "\n".join(out + list(self._remarks()))

    def _caret(self, columns: Columns, want: str, got: str) -> int:
        for i in range(max(len(want), len(got))):
            if want[i : i + 1] != got[i : i + 1]:
                return i
        first = self._first_difference() or 0  # they look alike: two errors
        return columns.at[self.expected[first][0]]

    def _remarks(self) -> Iterator[str]:
        for label, moments in (("expected", self.expected), ("actual", self.actual)):
            for frame, what in moments:
                if isinstance(what, OnError):
                    yield f"  {label} at {frame}: {what.exception!r}{_place(what.exception)}"
                elif isinstance(what, OnNext) and isinstance(what.value, Batch):
                    for bad in what.value.rejected:
                        if bad.stage != DRAWN:
                            yield f"  {label} at {frame}: record {bad.number} rejected by {bad.stage}: {bad.reason}"


def _place(error: Exception) -> str:
    found = re.search(r" \([^()]+:\d+, in [^()]+\)$", describe(error))
    return found.group() if found else ""
