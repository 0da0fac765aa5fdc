"""The frame around a collection's stream: how it is asked to end, and how its events begin and end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable, SerialDisposable
from reactivex.scheduler import CurrentThreadScheduler, TrampolineScheduler

from ..errors import describe
from ..events import ChunkWritten, Completed, Event, Started
from ..operators.operator import operator
from .facts import Found

A = TypeVar("A")


class Stop:
    """The wish that a run may end. Asking only sets a flag: safe on any thread, and in a signal handler."""

    def __init__(self) -> None:
        self._asked = False

    def ask(self, _: object = None) -> None:
        """Let the run come to its end, soon."""
        self._asked = True

    def asked(self) -> bool:
        """Whether somebody has asked."""
        return self._asked


@operator
def until(source: Observable[Found], stop: Stop) -> Observable[Found]:
    """Complete as soon as *stop* was asked for, between two elements.

    Not reactivex's ``take_until``: that completes on the notifier's thread, or inside a signal handler, while an
    element is on its way here. This one looks at a flag before and after each element, on the thread of the source.
    """

    def subscribe(observer: abc.ObserverBase[Found], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        def on_next(item: Found) -> None:
            if not stop.asked():
                observer.on_next(item)
            if stop.asked():
                observer.on_completed()  # which disposes of the source

        return source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

    return Observable(subscribe)


@operator
def in_execution(
    source: Observable[Event], execution_id: str, stop: Stop, release: Callable[[bool], object]
) -> Observable[Event]:
    """`Started` first, `Completed` last, whatever happens in between: an error of *source* becomes its text.

    The source runs to its end on the thread it is subscribed on, or on *scheduler*. *release* is called once when it
    has ended, before `Completed`: with True if it came to its end by itself, with False if an exception broke it off.
    Disposing of the subscription asks *stop*: the source comes to its end all the same.

    If the subscriber raises, that is raised to whoever subscribed, and nothing more is emitted. So is Ctrl-C, after a
    `Completed` that says so.
    """

    def subscribe(observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        begun = released = False
        rows = chunks = 0
        subscriber_failed = False
        failure: list[Exception] = []
        lock = threading.Lock()

        def say(event: Event) -> None:
            nonlocal subscriber_failed
            try:
                observer.on_next(event)
            except BaseException:
                subscriber_failed = True
                raise

        def on_next(event: Event) -> None:
            nonlocal rows, chunks
            if isinstance(event, ChunkWritten):
                rows, chunks = rows + event.rows, chunks + 1
            say(event)

        def begin() -> bool:
            """Whether it is to run; it is not if the subscription was disposed of before it could."""
            nonlocal begun
            with lock:
                first, begun = not begun, True
            return first

        def end(clean: bool) -> None:
            nonlocal released
            if not released:
                released = True
                release(clean)

        def run(_: abc.SchedulerBase, __: Any = None) -> None:
            if not begin():
                return
            try:
                say(Started(execution_id))
                _run_here(source, on_next, failure.append)
            except BaseException as error:
                end(False)
                if subscriber_failed:
                    raise
                say(Completed(execution_id, rows, chunks, describe(error)))
                if not isinstance(error, Exception):
                    raise
            else:
                end(not failure)
                error_text = describe(failure[0]) if failure else None
                say(Completed(execution_id, rows, chunks, error_text))
            observer.on_completed()

        def dispose() -> None:
            stop.ask()
            if begin():
                end(True)

        clock = scheduler or CurrentThreadScheduler.singleton()
        return CompositeDisposable(Disposable(dispose), clock.schedule(run))

    return Observable(subscribe)


def _run_here(source: Observable[A], on_next: Callable[[A], None], on_error: Callable[[Exception], object]) -> None:
    """Run *source* to its end on this thread, inside whatever runs here already.

    On a trampoline of its own: on the thread's, which may be running now, the source would begin after this returned;
    on none at all it would run inside ``subscribe``, where nothing downstream can dispose of it.
    """
    ended, subscription = threading.Event(), SerialDisposable()
    trampoline = TrampolineScheduler()

    def failed(error: Exception) -> None:
        on_error(error)
        ended.set()

    def begin(_: abc.SchedulerBase, __: Any = None) -> None:
        subscription.disposable = source.subscribe(on_next, failed, ended.set, scheduler=trampoline)

    try:
        trampoline.schedule(begin)
        ended.wait()
    finally:
        subscription.dispose()
