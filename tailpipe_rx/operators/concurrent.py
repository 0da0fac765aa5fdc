"""`map_concurrent`: work on an executor, never more of it under way than was said."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TypeVar, cast

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from ..events import TICK, Tick
from .operator import operator

A = TypeVar("A")
B = TypeVar("B")


@operator
def map_concurrent(
    source: Observable[A],
    fn: Callable[[A], B],
    executor: Executor,
    max_in_flight: int,
    *,
    ordered: bool = True,
    tick_every: float = 1.0,
) -> Observable[B]:
    """Map each element on *executor*, with at most *max_in_flight* elements submitted and not yet emitted.

    At the bound the source waits: ``on_next`` returns only when there is a free place, so a source that emits from a
    loop is pulled no further ahead. Results, error and completion are emitted on the thread on which the source emits,
    so nothing downstream has to be thread-safe, and a slow downstream slows the source. While it waits, a `Tick` is
    emitted every *tick_every* seconds.

    ``ordered=True`` is ``map``, only sooner: the same elements in the same order, and an error comes after the results
    of the elements before it. ``ordered=False`` emits results as they arrive, and an error cuts in at once.

    The executor belongs to the caller and is not shut down here. What is already running when the stream is disposed of
    cannot be stopped; what waits is cancelled.

    A result is emitted when the next element comes or a place is needed. With an executor that works at once:

    >>> from tailpipe_rx.testing import Inline, draw
    >>> draw("-a-b-c-----|", map_concurrent(str.upper, Inline(), 2))
    '---A-B-----(C|)'
    """
    if max_in_flight < 1:
        raise ValueError("max_in_flight must be at least 1")

    def subscribe(observer: abc.ObserverBase[B], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        lock = threading.Condition()
        waiting: deque[Future[B]] = deque()  # as submitted
        arrived: deque[Future[B]] = deque()  # as finished; used when unordered
        stopped = False

        def stop() -> None:
            nonlocal stopped
            with lock:
                stopped = True
                pending = list(waiting)
                lock.notify_all()
            for future in pending:
                future.cancel()

        def on_done(future: Future[B]) -> None:  # on any thread
            with lock:
                arrived.append(future)
                lock.notify_all()

        def ready() -> bool:
            return stopped or (waiting[0].done() if ordered else bool(arrived))

        def take(must: bool) -> Future[B] | None:
            """The next future to emit; None if there is none and none *must* be waited for."""
            while True:
                with lock:
                    if not ready() and (not must or not lock.wait_for(ready, tick_every)):
                        future = None
                    elif stopped:
                        return None
                    else:
                        future = waiting.popleft() if ordered else arrived.popleft()
                        if ordered:
                            arrived.clear()
                        else:
                            waiting.remove(future)
                if future is not None or not must:
                    return future
                observer.on_next(cast(B, TICK))

        def settle(limit: int) -> None:
            """Emit what is ready; block until at most *limit* elements are in flight."""
            while waiting and not stopped:
                try:
                    future = take(must=len(waiting) > limit)
                    if future is None:
                        return
                    try:
                        result = future.result()
                    except Exception as error:
                        stop()
                        upstream.dispose()
                        observer.on_error(error)
                        return
                    observer.on_next(result)
                except BaseException:  # downstream failed, or the work asked to exit: nothing more for it
                    stop()
                    raise

        def on_next(value: A) -> None:
            if isinstance(value, Tick):
                settle(len(waiting))
                observer.on_next(cast(B, value))
                return
            settle(max_in_flight - 1)
            if stopped:
                return
            try:
                future = executor.submit(fn, value)
            except Exception as error:  # the executor was shut down
                stop()
                upstream.dispose()
                observer.on_error(error)
                return
            with lock:
                waiting.append(future)
            future.add_done_callback(on_done)
            if stopped:  # disposed of on another thread just now
                future.cancel()

        def on_completed() -> None:
            settle(0)
            if not stopped:
                observer.on_completed()

        def on_error(error: Exception) -> None:
            if ordered:
                settle(0)
            if not stopped:
                stop()
                observer.on_error(error)

        upstream = CompositeDisposable(Disposable(stop))
        upstream.add(source.subscribe(on_next, on_error, on_completed, scheduler=scheduler))
        return upstream

    return Observable(subscribe)
