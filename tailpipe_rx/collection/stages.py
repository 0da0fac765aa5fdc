"""The stages between the source and the chunks: telling what is found, bringing it, working on it here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import attrs
from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from ..errors import CollectionFailed, describe
from ..events import Artifact, ArtifactDiscovered, ArtifactDownloaded, ArtifactFailed, ArtifactSkipped, Event
from ..operators.operator import Stage, operator
from ..sources.source import Source
from .facts import Found, Item
from .work import Work, refused

NOT_BEGUN: Final = "the run was stopped before it was begun"


def discovered(item: Found) -> Event | None:
    """The event that an artifact was found."""
    return ArtifactDiscovered(item) if isinstance(item, Artifact) else None


def downloaded(item: Found) -> Event | None:
    """The event that the content of an artifact was brought."""
    if not isinstance(item, Artifact):
        return None
    content = item.content
    try:
        size = content.stat().st_size if isinstance(content, Path) else len(content or b"")
    except OSError:  # the chain will meet it too, and say so
        size = 0
    return ArtifactDownloaded(item, size)


@operator
def announced(
    source: Observable[Found], tell: Callable[[Found], Event | None], stage: Stage[Found, Item]
) -> Observable[Item]:
    """*stage* over *source*; for each element that comes, what it *tell*-s goes round the stage at once."""

    def subscribe(observer: abc.ObserverBase[Item], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        def listen(inside: abc.ObserverBase[Found], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
            def on_next(item: Found) -> None:
                event = tell(item)
                if event is not None:
                    observer.on_next(event)
                inside.on_next(item)

            return source.subscribe(on_next, inside.on_error, inside.on_completed, scheduler=scheduler)

        return stage(Observable(listen)).subscribe(
            observer.on_next, observer.on_error, observer.on_completed, scheduler=scheduler
        )

    return Observable(subscribe)


@operator
def worked_here(source: Observable[Found], work: Work, stopping: Callable[[], bool]) -> Observable[Item]:
    """*work* on each artifact inside ``on_next``: nothing is kept, and nothing further is pulled meanwhile."""

    def subscribe(observer: abc.ObserverBase[Item], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        disposed = downstream_failed = False

        def emit(item: Item) -> None:
            nonlocal downstream_failed
            try:
                observer.on_next(item)
            except BaseException:
                downstream_failed = True
                raise

        def on_next(item: Found) -> None:
            if not isinstance(item, Artifact):
                observer.on_next(cast(Item, item))
                return
            if stopping():  # it was waiting here, fetched, when the wish came
                observer.on_next(ArtifactSkipped(item, NOT_BEGUN))
                return
            try:
                work.run(item, emit, lambda: disposed or stopping())
            except CollectionFailed as error:
                if downstream_failed:
                    raise
                upstream.dispose()
                observer.on_error(error)

        def stop() -> None:
            nonlocal disposed
            disposed = True

        upstream = CompositeDisposable(Disposable(stop))
        upstream.add(source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler))
        return upstream

    return Observable(subscribe)


@attrs.frozen
class Fetch:
    """`Source.fetch` on a thread: the artifact with its content, or the event that there is none."""

    source: Source
    stopping: Callable[[], bool]

    def __call__(self, item: Found) -> Found:
        if not isinstance(item, Artifact):
            return item
        if self.stopping():
            return ArtifactSkipped(item, NOT_BEGUN)
        try:
            fetched = self.source.fetch(item)
            if not isinstance(fetched, Artifact):
                raise TypeError(f"{type(self.source).__name__}.fetch returned {type(fetched).__name__}, no Artifact")
        except Exception as error:
            return ArtifactFailed(item, describe(error), 0, opened=not refused(error))
        return fetched
