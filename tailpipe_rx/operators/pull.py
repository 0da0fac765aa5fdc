"""What keeps everything bounded: `pull` makes a stream of an iterator, `flat_map_iterable` many elements of one.

RxPY has no backpressure; its ``flat_map``, ``concat_map``, ``merge(max_concurrent=)`` and ``observe_on`` queue without
bound when the source is a loop. Here ``on_next`` is a blocking call, and an iterator is resumed when it has returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar, cast

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable
from reactivex.scheduler import CurrentThreadScheduler

from ..events import Tick
from .operator import operator, show

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")


def pull(factory: Callable[[], Iterable[A]]) -> Observable[A]:
    """A stream of what an iterator gives, one element for each return of ``on_next``.

    Every subscription takes a fresh iterator, so that a source can be retried; a generator is closed as soon as it has
    ended, failed or been disposed of. An error of the iterator goes to ``on_error``; one of the subscriber is not
    mistaken for it and is raised to whoever subscribed.

    >>> _ = pull(lambda: "ab").subscribe(print)
    a
    b
    """

    def subscribe(observer: abc.ObserverBase[A], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        stopped = False

        def action(_: abc.SchedulerBase, __: Any = None) -> None:
            iterator: Iterator[A] | None = None
            try:
                while not stopped:
                    try:
                        if iterator is None:
                            iterator = begin(factory)
                        value = next(iterator)
                    except StopIteration:
                        observer.on_completed()
                        return
                    except Exception as error:
                        observer.on_error(error)
                        return
                    observer.on_next(value)
            finally:
                close(iterator)

        def stop() -> None:
            nonlocal stopped
            stopped = True

        clock = scheduler or CurrentThreadScheduler.singleton()
        # the subscription must be there before the first element, or nobody could stop the loop
        return CompositeDisposable(Disposable(stop), clock.schedule(action))

    return Observable(subscribe)


@operator
def flat_map_iterable(source: Observable[A], fn: Callable[[A], Iterable[B]]) -> Observable[B]:
    """One to many by iteration: nothing is queued, and the iterator is closed when nobody listens any more.

    An error in *fn*, or in what it iterates over, ends the stream.

    >>> from tailpipe_rx.testing import draw
    >>> draw("--a-----b-----|", flat_map_iterable(lambda x: [x, x.upper()]))
    '--(aA)--(bB)--|'
    """
    return each(source, fn)


def each(source: Observable[A], fn: Callable[[A], Iterable[B]]) -> Observable[B]:
    """`flat_map_iterable` for writing operators with. A `Tick` passes."""

    def subscribe(observer: abc.ObserverBase[B], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        stopped = False

        def on_next(item: A) -> None:
            nonlocal stopped
            if isinstance(item, Tick):
                observer.on_next(cast(B, item))
                return
            iterator: Iterator[B] | None = None
            try:
                while not stopped:
                    try:
                        if iterator is None:
                            iterator = begin(fn, item)
                        out = next(iterator)
                    except StopIteration:
                        return
                    except Exception as error:
                        stopped = True
                        upstream.dispose()
                        observer.on_error(error)
                        return
                    observer.on_next(out)
            finally:
                close(iterator)

        def stop() -> None:
            nonlocal stopped
            stopped = True

        upstream = CompositeDisposable(Disposable(stop))
        upstream.add(source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler))
        return upstream

    return Observable(subscribe)


def begin(fn: Callable[P, Iterable[A]], *args: P.args, **kwargs: P.kwargs) -> Iterator[A]:
    """An iterator over what *fn* gives. A ``StopIteration`` of *fn* itself is an error, and not an end."""
    try:
        return iter(fn(*args, **kwargs))
    except StopIteration as error:
        raise RuntimeError(f"{show(fn)} raised StopIteration") from error


def close(iterator: object) -> None:
    """Close a generator; other iterators have nothing to close."""
    end = getattr(iterator, "close", None)
    if end is not None:
        end()
