"""Running a stream: `drain` to its end on this thread, `iterate` as a plain iterator, `share` for several observers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import Any, Generic, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable, SerialDisposable
from reactivex.scheduler import CurrentThreadScheduler, TrampolineScheduler
from reactivex.subject import Subject

from .operator import operator

A = TypeVar("A")


def _ignore(_: object) -> None:
    """A subscriber that only wants the stream to run."""


def drain(
    source: Observable[A],
    on_next: Callable[[A], object] = _ignore,
    *,
    inside: bool = False,
    on_wait: Callable[[], object] | None = None,
) -> None:
    """Run *source* to its end on this thread.

    Raises the error of the source, or of *on_next*, once: an error of *on_next* never goes back into the stream, where
    ``retry`` or ``catch`` would take it for one of the source. Whatever ends it, Ctrl-C included, everything upstream
    is disposed of before this returns.

    *inside* is for callers that are themselves inside the ``on_next`` of a stream: what *source* would put on RxPY's
    trampoline would run only after the outer stream has ended, so it gets a trampoline of its own. Where *source* emits
    on a thread of its own, *on_wait* is called each second of waiting.

    >>> import reactivex
    >>> drain(reactivex.of(1, 2), print)
    1
    2
    """
    subscription, ended = SerialDisposable(), threading.Event()
    failure: list[BaseException] = []

    def fail(error: Exception) -> None:
        failure.append(error)
        ended.set()

    def guarded(value: A) -> None:
        if failure:
            return
        try:
            on_next(value)
        except BaseException as error:
            failure.append(error)
            ended.set()
            subscription.dispose()
            if not isinstance(error, Exception):
                raise

    def begin(scheduler: abc.SchedulerBase, _: Any = None) -> None:
        subscription.disposable = source.subscribe(guarded, fail, ended.set, scheduler=scheduler if inside else None)

    try:
        if inside:
            # not an ImmediateScheduler: a loop that runs before its subscription is there cannot be stopped
            TrampolineScheduler().schedule(begin)
        else:
            CurrentThreadScheduler.singleton().schedule(begin)
        while not ended.wait(1.0):
            if on_wait is not None:
                on_wait()
    finally:
        subscription.dispose()
    if failure:
        raise failure[0]


def iterate(source: Observable[A], stop: Callable[[], object] | None = None) -> Iterator[A]:
    """The elements of *source* as a plain iterator.

    The stream runs on a thread of its own and is never more than two elements ahead: under a running event loop too.
    Leaving the loop calls *stop*, or disposes of the subscription, lets the stream come to its end, and waits for it.

    >>> import reactivex
    >>> list(iterate(reactivex.of(1, 2)))
    [1, 2]
    """
    queue: Queue[tuple[str, Any]] = Queue(1)
    left = threading.Event()
    subscription = SerialDisposable()

    def put(kind: str, value: Any = None) -> None:
        while not left.is_set():
            try:
                queue.put((kind, value), timeout=0.1)
            except Full:
                continue
            return

    def begin(_: abc.SchedulerBase, __: Any = None) -> None:
        subscription.disposable = source.subscribe(
            lambda value: put("next", value), lambda error: put("error", error), lambda: put("end")
        )

    def run() -> None:
        try:
            CurrentThreadScheduler.singleton().schedule(begin)
        except BaseException as error:  # SystemExit too, or the loop would wait for a thread that is gone
            put("error", error)

    thread = threading.Thread(target=run, name="tailpipe-rx", daemon=True)
    thread.start()
    try:
        while True:
            try:
                kind, value = queue.get(timeout=1.0)
            except Empty:
                if not thread.is_alive() and queue.empty() and stop is not None:
                    return
                continue
            if kind == "next":
                yield value
            elif kind == "error":
                raise value
            else:
                return
    finally:
        (stop or subscription.dispose)()
        left.set()
        while not queue.empty():
            queue.get_nowait()
        thread.join()


def share(observers: int = 2) -> Callable[[Observable[A]], Observable[A]]:
    """Let *observers* observers see one run: it begins when as many have subscribed, and ends when all have left.

    A collection runs inside ``subscribe``, so that RxPY's ``share`` would have ended before the second observer comes.
    Who subscribes later waits for the next run, until as many are there again.

    >>> import reactivex
    >>> one_run = reactivex.of(1, 2).pipe(share())
    >>> _ = one_run.subscribe(lambda n: print("a", n)), one_run.subscribe(lambda n: print("b", n))
    a 1
    b 1
    a 2
    b 2
    """
    return _share(observers)  # type: ignore[return-value]  # generic in what it is given, which Operator cannot say


@operator
def _share(source: Observable[A], observers: int = 2) -> Observable[A]:
    # not publish().auto_connect(): that never ends a run which everybody has left, and has one run only
    if observers < 1:
        raise ValueError("observers must be at least 1")
    lock = threading.Lock()
    next_run: _Shared[A] = _Shared()

    def subscribe(observer: abc.ObserverBase[A], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        nonlocal next_run
        with lock:
            run = next_run
            run.observers += 1
            complete = run.observers == observers
            if complete:
                next_run = _Shared()
        listening = run.subject.subscribe(observer)

        def leave() -> None:
            listening.dispose()
            with lock:
                run.observers -= 1
                last = not run.observers and run is not next_run
            if last:
                run.connection.dispose()

        if complete:
            run.connection.disposable = source.subscribe(run.subject, scheduler=scheduler)
        return Disposable(leave)

    return Observable(subscribe)


class _Shared(Generic[A]):
    """A run, or the one that is to come."""

    def __init__(self) -> None:
        self.subject: Subject[A] = Subject()
        self.connection = SerialDisposable()
        self.observers = 0


_share.__name__ = "share"
