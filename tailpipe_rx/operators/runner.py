"""Running a stream: `drain` to its end on this thread, `iterate` as a plain iterator, `share` for several observers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex import operators as rx_ops
from reactivex.disposable import SerialDisposable
from reactivex.scheduler import CurrentThreadScheduler, TrampolineScheduler

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
    """Let *observers* observers see one run: it begins when as many have subscribed.

    A collection runs inside ``subscribe``, so that RxPY's ``share`` would have ended before the second observer comes.

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
    return source.pipe(rx_ops.publish()).auto_connect(observers)


_share.__name__ = "share"
