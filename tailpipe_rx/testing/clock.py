"""Time that passes only when it is told to, and sources that emit in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from reactivex import Notification, Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable
from reactivex.scheduler import VirtualTimeScheduler
from reactivex.testing import TestScheduler

Moment: TypeAlias = tuple[float, Notification[Any]]
"""A frame, and what is emitted in it."""

FRAMES: Final = 10_000
"""How long a marble test may take, in frames of virtual time."""
SPINS: Final = 100_000
"""How many actions, or elements, one frame may hold."""


class NeverEnds(AssertionError):
    """A stream went on for longer than a marble test may take."""


class _Steady(VirtualTimeScheduler):
    """The clock of RxPY moves by one frame for each 100 actions, and stands still for good after an exception."""

    def start(self) -> Any:
        """Run all that is scheduled, and all that this schedules."""
        self.run()

    def run(self, until: float | None = None) -> None:
        """Run what is scheduled, up to and with frame *until*; to the end without one.

        Raises `NeverEnds` if the clock does not move over 100,000 actions.
        """
        spins = 0
        while True:
            with self._lock:
                if not self._queue:
                    return
                due = self.to_seconds(self._queue.peek().duetime)
                if until is not None and due > until:
                    return
                item = self._queue.dequeue()
                if due > self.to_seconds(self._clock):
                    self._clock, spins = due, 0
            spins += 1
            if spins > SPINS:
                raise NeverEnds(
                    f"frame {frame_of(due)} does not end: {SPINS:,} actions in it, and still there are more"
                )
            if not item.is_cancelled():
                item.invoke()

    def advance_to(self, time: Any) -> None:
        """Run what is scheduled until *time*, and let it be *time*."""
        until = self.to_seconds(self.to_datetime(time))
        self.run(until)
        self._clock = max(until, self.to_seconds(self._clock))

    @property
    def idle(self) -> bool:
        """Whether nothing is scheduled any more."""
        while self._queue and self._queue.peek().is_cancelled():
            self._queue.dequeue()
        return not self._queue


class VirtualTime(TestScheduler, _Steady):
    """RxPY's `TestScheduler`, whose clock starts at 0, moves only with time, and survives an exception in an action.

    >>> import reactivex
    >>> time, seen = VirtualTime(), []
    >>> _ = reactivex.timer(3).subscribe(lambda _: seen.append(time.clock), scheduler=time)
    >>> time.run()
    >>> seen
    [3.0]
    """


class Drawn(Observable[Any]):
    """A source out of diagrams, which knows when it was subscribed to.

    Cold, its frames count from each subscription, and the n-th subscription gets the n-th of several diagrams. Hot, it
    has one diagram, whose frames are those of the clock.
    """

    def __init__(self, clock: VirtualTime, lines: Sequence[Sequence[Moment]], hot: bool) -> None:
        super().__init__()
        self.subscriptions: list[tuple[float, float | None]] = []
        self._clock = clock
        self._lines = lines
        self._observers: list[abc.ObserverBase[Any]] | None = [] if hot else None
        if hot:
            for frame, what in lines[0]:
                clock.schedule_absolute(float(frame), self._tell(what))

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        place, began = len(self.subscriptions), self._frame()
        self.subscriptions.append((began, None))
        pending = CompositeDisposable()
        if self._observers is not None:
            self._observers.append(observer)
        elif len(self._lines) == 1 or place < len(self._lines):  # more subscriptions than diagrams: reported at the end
            for frame, what in self._lines[place if len(self._lines) > 1 else 0]:
                pending.add(self._clock.schedule_relative(float(frame), self._tell(what, observer)))

        def end() -> None:
            self.subscriptions[place] = (began, self._frame())
            pending.dispose()
            if self._observers is not None:
                self._observers.remove(observer)

        return Disposable(end)

    def _tell(self, what: Notification[Any], only: abc.ObserverBase[Any] | None = None) -> Any:
        def action(_: abc.SchedulerBase, __: Any = None) -> None:
            for observer in [only] if only is not None else list(self._observers or ()):
                what.accept(observer)

        return action

    def _frame(self) -> float:
        return frame_of(self._clock.clock)


def frame_of(time: Any) -> float:
    """A frame as it is drawn: a whole number where it is one."""
    exact = round(float(VirtualTime.to_seconds(time)), 6)
    return int(exact) if exact.is_integer() else exact
