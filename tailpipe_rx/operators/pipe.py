"""`pipe`: one operator out of several, checked where it is built."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints, overload

from reactivex import Observable

from ..events import Rejected
from .elements import Batch, Content
from .operator import Operator, Stage, operator

# Named after the joints, since that is all a type checker says: 'Cannot infer value of type parameter "after_2"'.
after_0 = TypeVar("after_0")
after_1 = TypeVar("after_1")
after_2 = TypeVar("after_2")
after_3 = TypeVar("after_3")
after_4 = TypeVar("after_4")
after_5 = TypeVar("after_5")
after_6 = TypeVar("after_6")
after_7 = TypeVar("after_7")
after_8 = TypeVar("after_8")
after_9 = TypeVar("after_9")


@operator
def _piped(source: Observable[Any], *stages: Stage[Any, Any]) -> Observable[Any]:
    for stage in stages:
        source = stage(source)
    return source


_piped.__name__ = "pipe"


@overload
def pipe(
    a: Stage[after_0, after_1],
    /,
) -> Operator[after_0, after_1]: ...
@overload
def pipe(
    a: Stage[after_0, after_1],
    b: Stage[after_1, after_2],
    /,
) -> Operator[after_0, after_2]: ...
@overload
def pipe(
    a: Stage[after_0, after_1],
    b: Stage[after_1, after_2],
    c: Stage[after_2, after_3],
    /,
) -> Operator[after_0, after_3]: ...
@overload
def pipe(
    a: Stage[after_0, after_1],
    b: Stage[after_1, after_2],
    c: Stage[after_2, after_3],
    d: Stage[after_3, after_4],
    /,
) -> Operator[after_0, after_4]: ...
@overload
def pipe(
    a: Stage[after_0, after_1],
    b: Stage[after_1, after_2],
    c: Stage[after_2, after_3],
    d: Stage[after_3, after_4],
    e: Stage[after_4, after_5],
    /,
) -> Operator[after_0, after_5]: ...
@overload
def pipe(
    a: Stage[after_0, after_1],
    b: Stage[after_1, after_2],
    c: Stage[after_2, after_3],
    d: Stage[after_3, after_4],
    e: Stage[after_4, after_5],
    f: Stage[after_5, after_6],
    /,
) -> Operator[after_0, after_6]: ...
@overload
def pipe(
    a: Stage[after_0, after_1],
    b: Stage[after_1, after_2],
    c: Stage[after_2, after_3],
    d: Stage[after_3, after_4],
    e: Stage[after_4, after_5],
    f: Stage[after_5, after_6],
    g: Stage[after_6, after_7],
    /,
) -> Operator[after_0, after_7]: ...
@overload
def pipe(
    a: Stage[after_0, after_1],
    b: Stage[after_1, after_2],
    c: Stage[after_2, after_3],
    d: Stage[after_3, after_4],
    e: Stage[after_4, after_5],
    f: Stage[after_5, after_6],
    g: Stage[after_6, after_7],
    h: Stage[after_7, after_8],
    /,
) -> Operator[after_0, after_8]: ...
@overload
def pipe(
    a: Stage[after_0, after_1],
    b: Stage[after_1, after_2],
    c: Stage[after_2, after_3],
    d: Stage[after_3, after_4],
    e: Stage[after_4, after_5],
    f: Stage[after_5, after_6],
    g: Stage[after_6, after_7],
    h: Stage[after_7, after_8],
    i: Stage[after_8, after_9],
    /,
) -> Operator[after_0, after_9]: ...
def pipe(*stages: Any) -> Operator[Any, Any]:
    """One operator out of up to nine; itself a value, and a stage of another `pipe`.

    Stages in an order that cannot work are a type error, and a `TypeError` for whoever runs no type checker:

    >>> from tailpipe_rx import Row, ops
    >>> ops.pipe(ops.json_items("Records", Row), ops.load())
    Traceback (most recent call last):
    TypeError: load() takes Artifact, but json_items('Records', Row) before it gives Batch of Row
    """
    if not stages:
        raise TypeError("pipe() takes at least one stage")
    for stage in stages:
        if not callable(stage):
            raise TypeError(f"{stage!r} is no stage: pipe() takes operators, and functions from stream to stream")
    for before, after in pairwise(stages):
        gives, takes = ends(before)[1], ends(after)[0]
        if not gives.fits(takes):
            raise TypeError(f"{after!r} takes {takes}, but {before!r} before it gives {gives}")
    return _piped(*stages)


def stages_of(chain: Stage[Any, Any]) -> list[Stage[Any, Any]]:
    """The stages of a chain, pipes within pipes laid flat."""
    if isinstance(chain, Operator) and chain.factory is _piped:
        return [stage for part in chain.args for stage in stages_of(part)]
    return [chain]


class End:
    """What flows at one end of a stage, as far as its annotations tell: a type and, of batches, the type of rows."""

    def __init__(self, kind: type | None = None, of: type | None = None) -> None:
        self.kind, self.of = kind, of

    def fits(self, takes: End) -> bool:
        """Unknown fits everything; the check is for orders that certainly cannot work."""
        return _fits(self.kind, takes.kind) and _fits(self.of, takes.of)

    def __str__(self) -> str:
        kind = self.kind.__name__ if self.kind else "anything"
        return f"{kind} of {self.of.__name__}" if self.of else kind


def _fits(gives: type | None, takes: type | None) -> bool:
    # the row class an operator is annotated with may be narrower at run time than its bound: both directions fit
    return gives is None or takes is None or issubclass(gives, takes) or issubclass(takes, gives)


def ends(stage: Stage[Any, Any]) -> tuple[End, End]:
    """What *stage* takes and gives."""
    if not isinstance(stage, Operator):
        return End(), End()
    if stage.factory is _piped:
        return ends(stage.args[0])[0], ends(stage.args[-1])[1]
    fn = inspect.unwrap(stage.factory)
    try:
        hints = get_type_hints(fn)
    except NameError:  # annotations that exist for type checkers only
        return End(), End()
    first = next(iter(inspect.signature(fn).parameters), "")
    takes, gives = hints.get(first), hints.get("return")
    if get_origin(gives) is not None and issubclass(get_origin(gives) or object, Iterator):  # an @extractor
        item = _class(takes)
        return (End(Content) if item is Content else End(Batch, item)), End(Batch, _class(get_args(gives)[0]))
    row = next((value for value in (*stage.args, *stage.kwargs.values()) if isinstance(value, type)), None)
    if gives == takes:  # filter(bool): the class that is given is a function, and no row class
        row = None
    return _end(takes, None), _end(gives, row)


def _end(hint: Any, row: type | None) -> End:
    element = get_args(hint)[0] if get_origin(hint) is Observable else None
    if get_origin(element) is not Batch:
        return End(_class(element))
    of = get_args(element)[0]
    return End(Batch, row if row is not None and isinstance(of, TypeVar) else _class(of))


def _class(hint: Any) -> type | None:
    if isinstance(hint, TypeVar):
        hint = hint.__bound__
    if get_origin(hint) in (Union, UnionType):  # Row | Rejected is a stream of rows
        members = [one for one in get_args(hint) if one not in (Rejected, NoneType)]
        hint = members[0] if len(members) == 1 else None
    hint = get_origin(hint) or hint
    # Any is a class in Python 3.11, and nothing derives from it
    return hint if isinstance(hint, type) and hint not in (object, Any) else None
