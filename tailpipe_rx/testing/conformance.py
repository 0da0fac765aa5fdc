"""What every operator must do, whatever else it does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final

import attrs
import reactivex
from reactivex import Observable, abc
from reactivex import operators as rx_ops
from reactivex.subject import Subject

from ..events import Tick
from ..operators.operator import Stage
from ..operators.pull import pull
from .clock import VirtualTime

ROUNDS: Final = 2_000
"""How many elements an operator may want before its first answer; what answers only at the end is not measured."""
Items = Sequence[Any] | Callable[[], Sequence[Any]]


def check_operator(make: Callable[[], Stage[Any, Any]], items: Items, *, ahead: int = 0, patience: float = 5.0) -> None:
    """Raise `AssertionError` with a line for each thing that the operator which *make* makes does wrong.

    It must hand on errors and completion of its source, dispose of the source when it is disposed of, subscribe to it
    with the scheduler it was given, keep no state between subscriptions, and pull the source no further than is needed
    for ``take(1)``; *ahead* more elements are allowed to one that works on several at once. *items* are what it is fed;
    a function that makes them where they can be used only once. An operator with threads has *patience* seconds for
    each answer. One that needs several observers (`ops.share`) cannot be checked.

    >>> from tailpipe_rx.operators.pull import flat_map_iterable
    >>> check_operator(lambda: flat_map_iterable(str.split), ["a b", "c"])
    >>> check_operator(lambda: rx_ops.flat_map(reactivex.of), [1, 2])
    Traceback (most recent call last):
    AssertionError: the operator
      pulls 2,000 elements or more for take(1), where it needs 1
    """
    fresh: Callable[[], Sequence[Any]] = items if callable(items) else lambda: items
    if not fresh():
        raise ValueError("an operator that is fed nothing shows nothing")
    checks = _Checks(make, fresh, ahead, patience)
    wrong = checks.completion() or [
        *checks.errors(),
        *checks.disposal(),
        *checks.scheduler(),
        *checks.state(),
        *checks.state_at_once(),
        *checks.pulls(),
    ]
    if wrong:
        raise AssertionError("\n  ".join(["the operator", *wrong]))


class _Log:
    """What an observer sees; ticks are left out, since they depend on the clock."""

    def __init__(self, stream: Observable[Any], patience: float) -> None:
        self.seen: list[Any] = []
        self.error: Exception | None = None
        self.completed = False
        self.over = threading.Event()
        self._patience = patience
        self.subscription = stream.subscribe(self._next, self._failed, self._done)

    def _next(self, value: Any) -> None:
        if not isinstance(value, Tick):
            self.seen.append(value)

    def _failed(self, error: Exception) -> None:
        self.error = error
        self.over.set()

    def _done(self) -> None:
        self.completed = True
        self.over.set()

    def wait(self) -> _Log:
        self.over.wait(self._patience)
        self.subscription.dispose()
        return self


@attrs.frozen
class _Checks:
    """Each gives what is wrong, in words."""

    make: Callable[[], Stage[Any, Any]]
    fresh: Callable[[], Sequence[Any]]
    ahead: int
    patience: float

    def run(self, source: Observable[Any]) -> _Log:
        return _Log(self.make()(source), self.patience).wait()

    def completion(self) -> list[str]:
        """First: without it, all the others would wait for an end in vain."""
        return [] if self.run(pull(self.fresh)).completed else ["does not complete when the source does"]

    def errors(self) -> list[str]:
        boom = LookupError("of the source")

        def fails() -> Iterator[Any]:
            yield from self.fresh()
            raise boom

        return [] if self.run(pull(fails)).error is boom else ["does not hand on an error of the source"]

    def disposal(self) -> list[str]:
        disposed = threading.Event()
        source = reactivex.never().pipe(rx_ops.finally_action(disposed.set))
        self.make()(source).subscribe().dispose()
        return [] if disposed.is_set() else ["does not dispose of the source"]

    def scheduler(self) -> list[str]:
        given: list[abc.SchedulerBase | None] = []

        def subscribe(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None) -> Any:
            given.append(scheduler)
            return reactivex.never().subscribe(observer)

        clock = VirtualTime()
        self.make()(Observable(subscribe)).subscribe(scheduler=clock).dispose()
        return [] if given == [clock] else ["does not subscribe to the source with the scheduler it was given"]

    def state(self) -> list[str]:
        """One after the other."""
        stream = self.make()(pull(self.fresh))
        first, second = (_Log(stream, self.patience).wait() for _ in range(2))
        return [] if first.seen == second.seen else ["keeps state from one subscription to the next"]

    def state_at_once(self) -> list[str]:
        """Two at the same time."""
        sources: list[Subject[Any]] = []

        def subscribe(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None) -> Any:
            sources.append(Subject())
            return sources[-1].subscribe(observer)

        stream = self.make()(Observable(subscribe))
        logs = [_Log(stream, self.patience) for _ in range(2)]
        for pair in zip(self.fresh(), self.fresh(), strict=True):
            for source, item in zip(sources, pair, strict=False):
                source.on_next(item)
        for source in sources:
            source.on_completed()
        first, second = (log.wait() for log in logs)
        return [] if first.seen == second.seen else ["shares state between subscriptions at the same time"]

    def pulls(self) -> list[str]:
        needed = self._needed()
        if needed is None:
            return []
        pulled = 0

        def counted() -> Iterator[Any]:
            nonlocal pulled
            for item in self._endless():
                pulled += 1
                yield item

        _Log(self.make()(pull(counted)).pipe(rx_ops.take(1)), self.patience).wait()
        if pulled <= needed + self.ahead:
            return []
        much = f"{pulled:,} elements" + (" or more" if pulled >= ROUNDS else "")
        return [f"pulls {much} for take(1), where it needs {needed:,}"]

    def _needed(self) -> int | None:
        """How many elements the operator has seen when its first answer comes, if each can take its time."""
        source: Subject[Any] = Subject()
        log = _Log(self.make()(source), self.patience)
        needed = 0
        for item in self._endless():
            if log.seen or log.over.is_set():
                break
            source.on_next(item)
            needed += 1
        log.subscription.dispose()
        return needed if log.seen else None

    def _endless(self) -> Iterator[Any]:
        """Near enough to endless."""
        yield from islice(chain.from_iterable(iter(self.fresh, None)), ROUNDS)
