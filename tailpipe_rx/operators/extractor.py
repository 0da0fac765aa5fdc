"""`@extractor`: a plain generator over one record, or over a whole artifact, made an operator."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

import attrs
from reactivex import Observable

from ..events import Rejected
from .elements import BATCH_ROWS, Batch, Content
from .lifted import not_a_batch, reject
from .operator import Operator, operator
from .pull import each

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")


@overload
def extractor(
    fn: Callable[Concatenate[Content, P], Iterator[B | Rejected]],
) -> Callable[P, Operator[Content, Batch[B]]]: ...
@overload
def extractor(fn: Callable[Concatenate[A, P], Iterator[B]]) -> Callable[P, Operator[Batch[A], Batch[B]]]: ...
def extractor(fn: Callable[..., Iterator[Any]]) -> Callable[..., Operator[Any, Any]]:
    """Make ``noun(item, …) -> Iterator`` a factory of operators.

    If the item is a `Content`, the function reads an artifact. What it yields is one record each, in order; a record
    that it cannot use it yields as ``Rejected(raw, reason)``, and goes on. If it raises, the artifact has failed, and
    what it yielded before counts.

    Otherwise it is called with one record (a line, a row), and yields its rows: none if nobody wants the record, which
    then is counted as filtered. If it raises, the record is rejected as a whole, and the next one is looked at.

    >>> @extractor
    ... def words(line: str) -> Iterator[str]:
    ...     if line == "x":
    ...         raise ValueError("no word")
    ...     yield from line.split()
    >>> from tailpipe_rx.testing import draw
    >>> draw("--[ab]--[c]--|", words(), a="u v", b="x", c="w w")
    '--[uv#]-[ww]-|'
    """

    @operator
    @functools.wraps(fn)
    def factory(source: Observable[Any], *args: Any, **kwargs: Any) -> Observable[Any]:
        def extract(item: Any) -> Iterator[Batch[Any]]:
            if isinstance(item, Content):
                yield from batches(fn(item, *args, **kwargs), item.member, fn.__name__)
            elif isinstance(item, Batch):
                yield from _over_records(item, functools.partial(_call, fn, args, kwargs), fn.__name__)
            else:
                raise not_a_batch(fn.__name__, item)

        return each(source, extract)

    return factory


def _call(fn: Callable[..., Iterator[Any]], args: Any, kwargs: Any, item: Any) -> Iterable[Any]:
    return fn(item, *args, **kwargs)


def _over_records(batch: Batch[Any], fn: Callable[[Any], Iterable[Any]], stage: str) -> Iterator[Batch[Any]]:
    """A record stays one record however many rows it becomes: its number is theirs, and parts count within it."""
    rows: list[Any] = []
    numbers: list[int] = []
    parts: list[int] = []
    rejected = list(batch.rejected)
    unwanted = batch.filtered
    last, part = -1, 0
    for i, (row, number) in enumerate(zip(batch.rows, batch.numbers, strict=True)):
        if number != last:
            if len(rows) + len(rejected) >= BATCH_ROWS:  # never between two rows of one record: parts count within it
                yield _made(batch, rows, numbers, parts, unwanted, rejected)
                rows, numbers, parts, rejected, unwanted = [], [], [], [], 0
            last, part = number, 0
        try:
            found = list(fn(row))
        except Exception as error:
            rejected.append(reject(batch, i, error, stage))
            continue
        if not found:
            unwanted += 1
        for out in found:
            rows.append(out)
            numbers.append(number)
            parts.append(part)
            part += 1
    yield _made(batch, rows, numbers, parts, unwanted, rejected)


def _made(
    batch: Batch[Any], rows: list[Any], numbers: list[int], parts: list[int], unwanted: int, rejected: list[Rejected]
) -> Batch[Any]:
    return attrs.evolve(
        batch,
        rows=rows,
        numbers=numbers,
        parts=parts if any(parts) else (),
        received=len(rows) + len(rejected) + unwanted,
        rejected=tuple(rejected),
    )


def batches(
    items: Iterable[A | Rejected], member: str = "", stage: str = "", size: int = BATCH_ROWS
) -> Iterator[Batch[A]]:
    """Records, and rejected ones among them, into batches; what is there is passed on before an error goes its way."""
    rows: list[A] = []
    numbers: list[int] = []
    rejected: list[Rejected] = []
    number = 0

    def made() -> Batch[A]:
        return Batch(rows, numbers, len(rows) + len(rejected), tuple(rejected), member=member)

    failure: Exception | None = None
    iterator = iter(items)
    try:
        while True:
            try:
                item = next(iterator)
            except StopIteration:
                break
            except Exception as error:
                failure = error
                break
            if isinstance(item, Rejected):
                rejected.append(attrs.evolve(item, number=number, stage=item.stage or stage))
            else:
                rows.append(item)
                numbers.append(number)
            number += 1
            if len(rows) + len(rejected) >= size:
                yield made()
                rows, numbers, rejected = [], [], []
        if rows or rejected:
            yield made()
    finally:
        close_it = getattr(iterator, "close", None)
        if close_it is not None:
            close_it()
    if failure is not None:
        raise failure
