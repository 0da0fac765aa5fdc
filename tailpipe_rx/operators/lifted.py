"""Row functions lifted over batches: `map`, `filter`, `do_action`.

The author's function sees one row and is called once for each. A row on which it raises is rejected, and the others go
on: its record goes to the quarantine as it was found in the artifact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import attrs
import msgspec
from reactivex import Observable, abc
from reactivex import operators as rx_ops

from ..errors import describe
from ..events import Rejected, Tick
from .elements import Batch
from .operator import operator, show

A = TypeVar("A")
B = TypeVar("B")


@operator
def map(source: Observable[Batch[A]], fn: Callable[[A], B]) -> Observable[Batch[B]]:
    """Apply *fn* to each row.

    >>> from tailpipe_rx.testing import draw
    >>> draw("--[ab]--[c]-|", map(str.upper))
    '--[AB]--[C]-|'
    """

    def over(batch: Batch[A]) -> Batch[B]:
        rows: list[B] = []
        kept: list[int] = []
        rejected: list[Rejected] = []
        for i, row in enumerate(batch.rows):
            try:
                rows.append(fn(row))
            except Exception as error:
                rejected.append(reject(batch, i, error, f"map({show(fn)})"))
            else:
                kept.append(i)
        return thin(cast("Batch[B]", batch), rows, kept, rejected)

    return lift(source, over, "map")


@operator
def filter(source: Observable[Batch[A]], predicate: Callable[[A], object]) -> Observable[Batch[A]]:
    """Keep the rows for which *predicate* holds; the others are counted as filtered.

    >>> from tailpipe_rx.testing import draw
    >>> draw("--[abc]--[d]--|", filter("ad".__contains__))
    '--[a]----[d]--|'
    """

    def over(batch: Batch[A]) -> Batch[A]:
        rows: list[A] = []
        kept: list[int] = []
        rejected: list[Rejected] = []
        for i, row in enumerate(batch.rows):
            try:
                keep = predicate(row)
            except Exception as error:
                rejected.append(reject(batch, i, error, f"filter({show(predicate)})"))
                continue
            if keep:
                rows.append(row)
                kept.append(i)
        return thin(batch, rows, kept, rejected)

    return lift(source, over, "filter")


@operator
def do_action(source: Observable[Batch[A]], action: Callable[[A], object]) -> Observable[Batch[A]]:
    """Call *action* with each row as it passes; what it returns does not matter.

    >>> from tailpipe_rx.testing import draw
    >>> seen = []
    >>> draw("--[ab]--[c]-|", do_action(seen.append)), seen
    ('--[ab]--[c]-|', ['a', 'b', 'c'])
    """

    def over(batch: Batch[A]) -> Batch[A]:
        kept: list[int] = []
        rejected: list[Rejected] = []
        for i, row in enumerate(batch.rows):
            try:
                action(row)
            except Exception as error:
                rejected.append(reject(batch, i, error, f"do_action({show(action)})"))
            else:
                kept.append(i)
        return thin(batch, [batch.rows[i] for i in kept], kept, rejected) if rejected else batch

    return lift(source, over, "do_action")


def thin(batch: Batch[A], rows: list[A], kept: list[int], rejected: list[Rejected]) -> Batch[A]:
    """*batch* with *rows*, which stem from those at the places *kept*, and with further rejected records."""
    if len(kept) == len(batch.rows):
        return attrs.evolve(batch, rows=rows)
    return attrs.evolve(
        batch,
        rows=rows,
        numbers=[batch.numbers[i] for i in kept],
        parts=[batch.parts[i] for i in kept] if batch.parts else (),
        rejected=(*batch.rejected, *rejected),
    )


def reject(batch: Batch[Any], i: int, error: Exception, stage: str) -> Rejected:
    """The record behind row *i* of *batch*, rejected by *stage*."""
    return Rejected(record(batch, i), describe(error), batch.numbers[i], stage)


def record(batch: Batch[Any], i: int) -> bytes:
    """The bytes of the record behind row *i*: as found, or as near to it as is known."""
    if batch.raw is not None:
        return batch.raw(batch.numbers[i])
    row = batch.rows[i]
    if isinstance(row, bytes | str):
        return row.encode(errors="surrogateescape") if isinstance(row, str) else row
    try:
        return msgspec.json.encode(row)
    except (TypeError, ValueError):  # a row of somebody's own that is no JSON
        return repr(row).encode(errors="backslashreplace")


def lift(source: Observable[Batch[A]], fn: Callable[[Batch[A]], Batch[B]], name: str) -> Observable[Batch[B]]:
    """*fn* over each batch. A `Tick` passes; anything else is a mistake in the chain and says so."""

    def subscribe(
        observer: abc.ObserverBase[Batch[B]], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        def on_next(batch: Batch[A]) -> None:
            if isinstance(batch, Batch):
                observer.on_next(fn(batch))
            elif isinstance(batch, Tick):
                observer.on_next(cast("Batch[B]", batch))
            else:
                observer.on_error(not_a_batch(name, batch))

        return source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

    return Observable(subscribe)


def not_a_batch(name: str, item: object) -> TypeError:
    text = f"{name}() works on the rows of batches, but was given {type(item).__name__}"
    if hasattr(rx_ops, name):
        text += f"; for streams of anything else take reactivex.operators.{name}"
    return TypeError(text)
