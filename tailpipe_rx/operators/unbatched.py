"""Between batches and rows: `unbatched` for a while, `rows` for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from ..errors import RejectedRecord
from ..events import Rejected, Tick
from .elements import BATCH_ROWS, Batch
from .lifted import not_a_batch
from .operator import Stage, operator
from .pull import each

A = TypeVar("A")
B = TypeVar("B")


@operator
def unbatched(source: Observable[Batch[A]], inner: Stage[A, B], size: int = BATCH_ROWS) -> Observable[Batch[B]]:
    """Run any plain RxPY operators over the rows themselves, between two batches.

    What comes out while a batch goes in is a batch again, of *size* rows at most, but that the rows of one record stay
    together; what comes out at the end, or in between, is the last one. A row that *inner* passes on as it is keeps its
    number; a new one takes that of the row that was being pushed when it came. Rejected records go round the outside.
    Rows that *inner* keeps for itself are counted as filtered at the end.

    RxPY's operators are closures and do not pickle; a function around them, at module level, does:

    >>> from reactivex import operators as rx_ops
    >>> def changes(rows: Observable[str]) -> Observable[str]:
    ...     return rows.pipe(rx_ops.distinct_until_changed())
    >>> from tailpipe_rx.testing import draw
    >>> draw("--[aab]--[bba]--|", unbatched(changes))
    '--[ab]---[a]----|'
    """

    def subscribe(
        observer: abc.ObserverBase[Batch[B]], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        out: list[B] = []
        numbers: list[int] = []
        parts: list[int] = []
        rejected: list[Rejected] = []
        owed = 0  # records that came in and have been neither passed on nor given up
        batch: Batch[A] = Batch((), (), 0)  # the last with rows: numbers and bytes are looked up in it
        places: dict[int, int] = {}  # the numbers of its rows, by their identity
        taken: dict[int, int] = {}  # rows made so far of a record of it
        current: object = None
        now = 0
        stopped = False

        def flush(*, last: bool = False) -> None:
            nonlocal out, numbers, parts, rejected, owed
            count = len(out) + len(rejected)
            owed -= count
            received = count + (max(owed, 0) if last else 0)
            made = Batch(out, numbers, received, tuple(rejected), parts if any(parts) else (), batch.raw, batch.member)
            out, numbers, parts, rejected = [], [], [], []
            if received:
                observer.on_next(made)

        def keep(row: B) -> None:
            # equal rows may be one object: the one that is being pushed comes first
            number = now if row is current else places.get(id(row), now)
            if len(out) >= size and number != numbers[-1]:
                flush()
            out.append(row)
            numbers.append(number)
            parts.append(taken.setdefault(number, 0))
            taken[number] += 1

        def begin(item: Batch[A]) -> None:
            nonlocal batch, owed, places, taken
            flush()  # what came since the batch before
            if not item.rows:  # what comes from now on still belongs to the batch before
                observer.on_next(cast("Batch[B]", item))
                return
            owed += item.received
            rejected.extend(item.rejected)
            places = {id(row): number for row, number in zip(item.rows, item.numbers, strict=True)}
            taken = {now: taken[now]} if now in taken and item.numbers[0] == now else {}
            batch = item

        def pushed(items: Observable[Any]) -> Observable[Any]:
            def listen(inside: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
                def on_next(item: Any) -> None:
                    nonlocal now, current
                    if isinstance(item, Tick):  # not for plain operators: it goes round them
                        observer.on_next(cast("Batch[B]", item))
                    elif isinstance(item, Batch):
                        begin(item)
                        for row, number in zip(item.rows, item.numbers, strict=True):
                            if stopped:
                                return
                            now, current = number, row
                            inside.on_next(row)
                        current = None
                        flush()
                    else:
                        inside.on_error(not_a_batch("unbatched", item))

                return CompositeDisposable(
                    Disposable(stop),
                    items.subscribe(on_next, inside.on_error, inside.on_completed, scheduler=scheduler),
                )

            return Observable(listen)

        def stop() -> None:
            nonlocal stopped
            stopped = True

        def failed(error: Exception) -> None:
            flush(last=True)
            observer.on_error(error)

        def completed() -> None:
            flush(last=True)
            observer.on_completed()

        return inner(pushed(source)).subscribe(keep, failed, completed, scheduler=scheduler)

    return Observable(subscribe)


def rows(on_rejected: Callable[[Rejected], object] | None = None) -> Callable[[Observable[Batch[A]]], Observable[A]]:
    """Leave batches for good: for a notebook, a test, or RxPY's windows and groups.

    Nobody keeps a rejected record from here on: *on_rejected* is called with each, and without it the first one is an
    error of the stream (`RejectedRecord`).

    >>> from tailpipe_rx.testing import draw
    >>> draw("--[ab]--[c]-|", rows())
    '--(ab)--c---|'
    """
    return _rows(on_rejected)  # type: ignore[return-value]  # generic in what it is given, which Operator cannot say


@operator
def _rows(source: Observable[Batch[A]], on_rejected: Callable[[Rejected], object] | None = None) -> Observable[A]:
    def unwrap(batch: Batch[A]) -> Iterator[A]:
        if not isinstance(batch, Batch):
            raise not_a_batch("rows", batch)
        yield from batch.rows
        for bad in batch.rejected:
            if on_rejected is None:
                raise RejectedRecord(f"record {bad.number}: {bad.reason} (ops.rows(on_rejected=…) goes on)")
            on_rejected(bad)

    def subscribe(observer: abc.ObserverBase[A], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        def on_next(row: A) -> None:
            if not isinstance(row, Tick):
                observer.on_next(row)

        return each(source, unwrap).subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

    return Observable(subscribe)


_rows.__name__ = "rows"
