"""The language of marbles: how a line is read, and when two moments are the same.

One character is one frame of virtual time, and one element:

======== ==============================================================================================
``-``    a frame in which nothing happens
``a``    an element: the value of that name, or without any values the string ``"a"``
``(ab)`` elements in one frame, that of the bracket
``[ab]`` one `Batch` of rows, in the frame of the bracket; ``#`` inside it is a rejected record
``|``    the stream completes
``#``    the stream fails
``^--!`` in a line of subscriptions: from when to when; ``(^!)`` both in one frame
======== ==============================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reactivex.notification import Notification, OnCompleted, OnError, OnNext

from ..events import Rejected, Tick
from ..operators.elements import Batch
from .clock import Moment

SIGNS: Final = "-()[]|#^! ,"
"""What no element can be called."""
DRAWN: Final = "marbles"
"""The stage of records that a diagram rejects."""


class Reject:
    """A rejected record, among the rows of a batch."""

    def __repr__(self) -> str:
        return "#"


REJECT: Final = Reject()


class DiagramError(ValueError):
    """A diagram cannot be read."""


def read(text: str, values: Mapping[str, Any], error: Exception, *, expected: bool = False) -> list[Moment]:
    """The moments of a line. Without *values*, letters stand for themselves.

    The records of its batches are numbered from 0 through the whole line. An *expected* line may not hold what is
    never drawn. Raises `DiagramError`.
    """
    moments: list[Moment] = []
    group: int | None = None  # the frame of an open "("
    batch: list[Any] | None = None  # the items of an open "["
    opened = number = 0
    ended = False

    def wrong(why: str) -> DiagramError:
        return DiagramError(f"{why}\n  {text}\n  {' ' * frame}^")

    def value() -> Any:
        if values and sign not in values:
            raise wrong(f"marble {sign!r} has no value; there are {', '.join(sorted(values))}")
        found = values[sign] if values else sign
        if expected and isinstance(found, Tick):
            raise wrong(f"marble {sign!r} is a Tick, and ticks are not drawn")
        return found

    frame = 0
    for frame, sign in enumerate(text):
        if sign == "-" and group is None and batch is None:
            continue
        if sign in "^!":
            raise wrong(f"{sign!r} belongs into a line of subscriptions, ':subs'")
        if sign in "- ,":
            raise wrong(f"{sign!r} inside a bracket" if sign == "-" else f"{sign!r} is no marble; time is drawn as '-'")
        if sign == "(" and group is None and batch is None:
            group = frame
        elif sign == ")" and group is not None and batch is None:
            group = None
        elif sign == "]" and batch is not None:
            if expected and not batch:
                raise wrong("a batch with nothing in it is not drawn")
            moments.append((opened if group is None else group, OnNext(drawn_batch(batch, number))))
            number += len(batch)
            batch = None
        elif sign in "()[]" and not (sign == "[" and batch is None):
            raise wrong(f"{sign!r} has no place here")
        elif ended:
            raise wrong(f"{sign!r} after the end")
        elif sign == "[":
            batch, opened = [], frame
        elif batch is not None:
            if sign == "|":
                raise wrong("'|' inside a batch")
            batch.append(REJECT if sign == "#" else value())
        else:
            what: Notification[Any]
            if sign == "|":
                what = OnCompleted()
            elif sign == "#":
                what = OnError(error)
            else:
                what = OnNext(value())
            ended = sign in "|#"
            moments.append((frame if group is None else group, what))
    if group is not None or batch is not None:
        raise wrong("a bracket is not closed")
    return moments


def read_subscription(text: str) -> tuple[float, float | None]:
    """From when to when: ``^--!``, ``^`` for a subscription that does not end, ``(^!)`` for one that ends at once."""
    inner = text.strip()
    start = len(text) - len(text.lstrip(" -"))
    if inner.lstrip("-") == "(^!)":
        return start, start
    line = text[start:].rstrip("- ")
    if line == "^" or (line[:1] == "^" and line[-1:] == "!" and set(line[1:-1]) <= {"-"}):
        return start, (start + len(line) - 1 if len(line) > 1 else None)
    raise DiagramError(f"a line of subscriptions is '^--!', '^' or '(^!)', not {inner!r}")


def drawn_batch(items: list[Any], first: int) -> Batch[Any]:
    """A batch of these rows and `REJECT`\\ s, numbered from *first*."""
    placed = list(enumerate(items, first))
    rows = [(n, item) for n, item in placed if item is not REJECT]
    rejected = tuple(Rejected(b"#", "drawn as rejected", n, DRAWN) for n, item in placed if item is REJECT)
    return Batch([item for _, item in rows], [n for n, _ in rows], len(items), rejected)


def shape(batch: Batch[Any]) -> list[Any]:
    """What is drawn of a batch: its rows in their order, and `REJECT` behind those of the records before it."""
    waiting = sorted(bad.number for bad in batch.rejected)
    out: list[Any] = []
    for row, number in zip(batch.rows, batch.numbers, strict=True):
        while waiting and waiting[0] < number:
            waiting.pop(0)
            out.append(REJECT)
        out.append(row)
    return out + [REJECT] * len(waiting)


def is_shown(what: Notification[Any]) -> bool:
    """Whether it is drawn: ticks are not, nor are batches with nothing to show."""
    if not isinstance(what, OnNext):
        return True
    return not (isinstance(what.value, Tick) or (isinstance(what.value, Batch) and not shape(what.value)))


def same(a: Notification[Any], b: Notification[Any]) -> bool:
    """Values by type and ``==``, batches by their shape, errors by type and arguments."""
    if isinstance(a, OnError) and isinstance(b, OnError):
        return type(a.exception) is type(b.exception) and a.exception.args == b.exception.args
    if isinstance(a, OnNext) and isinstance(b, OnNext):
        return same_value(a.value, b.value)
    return a.kind == b.kind


def same_value(a: Any, b: Any) -> bool:
    """By identity, or by type and ``==``."""
    if isinstance(a, Batch) and isinstance(b, Batch):
        left, right = shape(a), shape(b)
        return len(left) == len(right) and all(map(same_value, left, right))
    return a is b or (type(a) is type(b) and bool(a == b))
