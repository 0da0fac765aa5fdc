"""Operators are values: they compose, compare, print and pickle."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar

import attrs
from reactivex import Observable

A = TypeVar("A")
B = TypeVar("B")
A_contra = TypeVar("A_contra", contravariant=True)
B_co = TypeVar("B_co", covariant=True)
P = ParamSpec("P")

Stage: TypeAlias = Callable[[Observable[A]], Observable[B]]
"""A function from stream to stream: an `Operator`, or any operator of RxPY."""


@attrs.frozen(repr=False)
class Operator(Generic[A_contra, B_co]):
    """A function from stream to stream that is also a value: the factory it came from, and the arguments.

    >>> from tailpipe_rx import ops
    >>> ops.filter(str.isdigit)
    filter(str.isdigit)
    >>> ops.filter(str.isdigit) == ops.filter(str.isdigit)
    True
    """

    factory: Callable[..., Operator[Any, Any]]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = attrs.field(factory=dict, hash=False)

    def __call__(self, source: Observable[A_contra]) -> Observable[B_co]:
        made: Observable[B_co] = self.factory.__wrapped__(source, *self.args, **self.kwargs)  # type: ignore[attr-defined]  # functools.wraps sets it
        return made

    def __repr__(self) -> str:
        args = list(self.args)
        _, *parameters = inspect.signature(self.factory).parameters.values()
        while (
            args and not self.kwargs and len(args) <= len(parameters) and parameters[len(args) - 1].default == args[-1]
        ):
            args.pop()  # what is the default goes without saying
        given = [show(a) for a in args] + [f"{k}={show(v)}" for k, v in self.kwargs.items()]
        return f"{self.factory.__name__}({', '.join(given)})"


def show(value: object) -> str:
    """A value as its author wrote it: functions and classes by their names."""
    name = getattr(value, "__qualname__", None)
    return name if isinstance(name, str) and callable(value) else repr(value)


def operator(fn: Callable[Concatenate[Observable[A], P], Observable[B]]) -> Callable[P, Operator[A, B]]:
    """Make ``verb(source, …)`` a factory of operator values: an Observable goes in, an Observable comes out.

    Define it at module level, so that its values pickle. State belongs inside ``subscribe``, never outside, since an
    operator may be subscribed to many times.

    >>> from reactivex import operators as rx_ops
    >>> @operator
    ... def every_second(source: Observable[A]) -> Observable[A]:
    ...     return source.pipe(rx_ops.filter_indexed(lambda _, i: i % 2 == 0))
    >>> every_second()
    every_second()
    >>> from tailpipe_rx.testing import draw
    >>> draw("-a-b-c-d-|", every_second())
    '-a---c---|'
    """

    @functools.wraps(fn)
    def factory(*args: P.args, **kwargs: P.kwargs) -> Operator[A, B]:
        return Operator(factory, args, kwargs)

    return factory
