"""`with_status`: the counters of a collection, folded out of what passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import attrs
from reactivex import Observable, abc

from ..events import (
    ArtifactDiscovered,
    ArtifactDownloaded,
    ArtifactExtracted,
    ArtifactFailed,
    ArtifactSkipped,
    ChunkWritten,
    Event,
    Status,
    Tick,
)
from ..operators.operator import operator
from .facts import Begun, Counted


@operator
def with_status(
    source: Observable[Event | Begun | Counted | Tick],
    every: float = 0.25,
    clock: Callable[[], float] = time.monotonic,
) -> Observable[Event]:
    """Add a `Status` at most each *every* seconds, and one at the end; take out what only served to count.

    Nothing runs beside the stream: the clock is read when something passes, be it a `Tick`. Records are counted batch
    by batch, so that a long artifact shows progress; one in a worker process counts when it is done.
    """

    def subscribe(observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        counters = Counters()
        due = clock() + every

        def on_next(item: Event | Begun | Counted | Tick) -> None:
            nonlocal due
            counters.see(item)
            if isinstance(item, Event):
                observer.on_next(item)
            now = clock()
            if now >= due:
                due = now + every
                observer.on_next(counters.status())

        def on_completed() -> None:
            observer.on_next(counters.status())
            observer.on_completed()

        def on_error(error: Exception) -> None:
            observer.on_next(counters.status())
            observer.on_error(error)

        return source.subscribe(on_next, on_error, on_completed, scheduler=scheduler)

    return Observable(subscribe)


@attrs.define
class Counters:
    """`Status` in the making. At the end of every artifact ``received = enriched + quarantined + filtered``."""

    discovered: int = 0
    downloaded: int = 0
    extracted: int = 0
    skipped: int = 0
    failed: int = 0
    bytes: int = 0
    received: int = 0
    enriched: int = 0
    quarantined: int = 0
    rows: int = 0
    chunks: int = 0
    artifact: str = ""

    def see(self, item: Any) -> None:
        """Count what passes."""
        match item:
            case Counted(artifact, received, enriched, quarantined):
                self.received += received
                self.enriched += enriched
                self.quarantined += quarantined
                self.artifact = artifact.name
            case Begun(artifact):
                self.bytes += artifact.size
                self.artifact = artifact.name
            case ArtifactDiscovered():
                self.discovered += 1
            case ArtifactDownloaded():
                self.downloaded += 1
            case ArtifactExtracted():
                self.extracted += 1
            case ArtifactFailed():
                self.failed += 1
            case ArtifactSkipped():
                self.skipped += 1
            case ChunkWritten(_, rows):
                self.rows += rows
                self.chunks += 1

    def status(self) -> Status:
        """The counters so far."""
        return Status(**attrs.asdict(self))
