"""`marbles` checks a diagram, `draw` draws what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from reactivex.abc import ObservableBase
from reactivex.notification import Notification, OnCompleted, OnError, OnNext

from ..operators.operator import Operator
from .clock import FRAMES, SPINS, Drawn, Moment, NeverEnds, VirtualTime, frame_of
from .diagram import SIGNS, DiagramError, is_shown, read, read_subscription
from .drawing import Columns, Letters, Outcome, Span, marks

Built = Callable[..., ObservableBase[Any]]
"""An operator, or a function from the sources of a diagram, by their names, to a stream."""


class MarblesDiffer(AssertionError):
    """What came out is not what was drawn. The text shows both."""


def marbles(
    diagram: str,
    op: Built,
    /,
    *,
    values: Mapping[str, Any] | None = None,
    error: Exception | None = None,
    **more: Any,
) -> None:
    """Draw what goes in and what must come out; raises `MarblesDiffer` with a drawing if something else does.

    Every line of *diagram* has a name and a time line; that of ``expect`` is compared with what *op* makes of the
    others. *op* is an operator, or a function that gets the sources: one by place, several by name. Letters are looked
    up in *values* and in keyword arguments; without any, they stand for themselves as strings. ``#`` is *error*, and
    ``RuntimeError("error")`` if there is none.

    >>> from tailpipe_rx.operators.lifted import map
    >>> marbles('''
    ...     // a row on which the function fails is rejected
    ...     numbers  --[ab]--[c]--|
    ...     expect   --[x#]--[y]--|
    ... ''', map(int), a="1", b="one", c="2", x=1, y=2)

    ``name:hot`` is a source that emits whether or not anybody listens. ``name:subs`` says when a source must have been
    subscribed to. Several lines of one name are one for each subscription, so that a retry can be drawn:

    >>> from reactivex import operators as rx_ops
    >>> marbles('''
    ...     api       -a-#
    ...     api          -b|
    ...     api:subs  ^--!
    ...     api:subs     ^-!
    ...     expect    -a--b|
    ... ''', rx_ops.retry(2))

    Time begins for all lines in the same column; that of a cold source counts from its subscription, so that its line
    may be moved to the right. Batches with nothing to show, and ticks, are not drawn. A stream that has not come to
    rest after 10,000 frames fails.
    """
    known = letters_of({**(values or {}), **more})
    outcome = run(parse(diagram, known, error or RuntimeError("error")), op, known)
    if not outcome.passed:
        raise MarblesDiffer(outcome.text())


def draw(diagram: str, op: Built, /, *, error: Exception | None = None, **values: Any) -> str:
    """What comes out of *op* if the line *diagram* goes in, drawn: for docstrings, and for looking.

    >>> from tailpipe_rx.operators.lifted import filter
    >>> draw("--[abc]--[d]--|", filter("ad".__contains__))
    '--[a]----[d]--|'

    Values that have no letter get capitals. Raises `ValueError` where brackets leave no room for what comes after them.
    """
    known = letters_of(values)
    source = Lines({"source": [read(diagram, known, error or RuntimeError("error"))]}, expected=[])
    actual = run(source, op, known).actual
    found = marks(actual, Letters(known, actual))
    columns = Columns([found])
    if columns.stretched:
        raise DiagramError(f"what comes out needs more room: {columns.line(found)}; draw {diagram!r} with more time")
    return columns.line(found)


@attrs.define
class Lines:
    """A diagram that was read."""

    sources: dict[str, list[list[Moment]]] = attrs.field(factory=dict)
    hot: set[str] = attrs.field(factory=set)
    subscriptions: dict[str, list[Span]] = attrs.field(factory=dict)
    expected: list[Moment] | None = None


def letters_of(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """*values*, if every name is one character and none that means something else."""
    for letter in values:
        if len(letter) != 1 or letter in SIGNS:
            raise DiagramError(f"{letter!r} cannot be drawn: a marble is one character, and none of {SIGNS.strip()}")
    return values


def parse(diagram: str, values: Mapping[str, Any], error: Exception) -> Lines:
    """Read the lines of *diagram*. Raises `DiagramError`."""
    rows = [line for line in diagram.expandtabs().splitlines() if line.strip() and not line.strip().startswith("//")]
    found: list[tuple[str, str, int]] = []
    for row in rows:
        name, _, text = row.strip().partition(" ")
        if not text.strip():
            raise DiagramError(f"no marbles in the line {row.strip()!r}")
        found.append((name, row.rstrip(), row.index(text.strip(), row.index(name) + len(name))))
    begin = min((start for _, _, start in found), default=0)
    lines = Lines()
    for name, row, start in found:
        base, _, kind = name.partition(":")
        if row[:begin].strip() != name or (start != begin and (base == "expect" or kind == "hot")):
            raise DiagramError(f"time begins in column {begin}, but not in this line:\n{row}\n{' ' * begin}^")
        if name == "expect":
            if lines.expected is not None:
                raise DiagramError("there are two lines 'expect'")
            lines.expected = read(row[start:], values, error, expected=True)
        elif kind == "subs":
            lines.subscriptions.setdefault(base, []).append(read_subscription(row[begin:]))
        elif kind in ("", "hot"):
            if kind and base in lines.sources:
                raise DiagramError(f"the hot source {base!r} has two lines")
            lines.sources.setdefault(base, []).append(read(row[start:], values, error))
            lines.hot.update([base] if kind else ())
        else:
            raise DiagramError(f"{name!r}: after the colon comes 'hot' or 'subs'")
    if lines.expected is None:
        raise DiagramError("there is no line 'expect'")
    for name in lines.subscriptions:
        if name not in lines.sources:
            raise DiagramError(f"'{name}:subs' is about no source; there are {', '.join(lines.sources) or 'none'}")
    for name in lines.hot:
        if len(lines.sources[name]) > 1:
            raise DiagramError(f"{name!r} is hot and cold")
    return lines


def run(lines: Lines, op: Built, given: Mapping[str, Any]) -> Outcome:
    """Let the time of *lines* pass over what *op* makes of their sources."""
    clock = VirtualTime()
    sources = {name: Drawn(clock, made, name in lines.hot) for name, made in lines.sources.items()}
    stream = op(*sources.values()) if len(sources) < 2 or isinstance(op, Operator) else op(**sources)
    actual: list[Moment] = []
    flood: list[NeverEnds] = []

    def seen(what: Notification[Any]) -> None:
        if len(actual) >= SPINS:  # raised again below: an operator between may take it for an error of the stream
            flood.append(NeverEnds(f"{SPINS:,} elements came, and still there are more"))
            raise flood[0]
        if is_shown(what):
            actual.append((frame_of(clock.clock), what))

    subscription = stream.subscribe(
        lambda value: seen(OnNext(value)),
        lambda error: seen(OnError(error)),
        lambda: seen(OnCompleted()),
        scheduler=clock,
    )
    clock.run(FRAMES)
    if flood:
        raise flood[0]
    at_rest = clock.idle
    subscribed = {name: list(source.subscriptions) for name, source in sources.items()}
    subscription.dispose()
    if not at_rest:
        raise NeverEnds(
            f"after {FRAMES:,} frames something is still scheduled, perhaps a timer that nobody stops: "
            "end the stream, or cut it with reactivex.operators.take"
        )
    for name, made in lines.sources.items():
        if len(made) > 1 and len(made) != len(subscribed[name]) and name not in lines.subscriptions:
            raise MarblesDiffer(
                f"{name!r} has {len(made)} lines, one for each subscription, but was subscribed to "
                f"{len(subscribed[name])} times"
            )
    return Outcome(
        given,
        [(name, line) for name, made in lines.sources.items() for line in made],
        lines.expected or [],
        actual,
        [(name, want, subscribed[name]) for name, want in lines.subscriptions.items()],
    )
