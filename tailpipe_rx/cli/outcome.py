"""What a run came to: events folded into what the summary and the exit code need."""

from __future__ import annotations

from typing import Final

from ..events import (
    ArtifactDiscovered,
    ArtifactExtracted,
    ArtifactFailed,
    ArtifactSkipped,
    ChunkWritten,
    Completed,
    Event,
    RowsQuarantined,
    Started,
)

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INCOMPLETE: Final = 3
INTERRUPTED: Final = 130
TERMINATED: Final = 143
NOBODY_LISTENS: Final = 141

SHOWN: Final = 5
"""How many failed artifacts a summary names."""


class Outcome:
    """Everything counted so far. ``see`` is to be called with each event."""

    def __init__(self) -> None:
        self.execution_id = ""
        self.discovered = self.extracted = self.skipped = self.failed = self.unopened = 0
        self.received = self.enriched = self.rejected = 0
        self.chunks = self.rows = 0
        self.failures: list[ArtifactFailed] = []
        self.first_rejected: RowsQuarantined | None = None
        self.completed: Completed | None = None
        self.interrupted: int | None = None
        """The exit code that a signal or a closed output asks for."""
        self.aborted = False
        """It was broken off in the middle."""

    def see(self, event: Event) -> None:
        match event:
            case Started(execution_id):
                self.execution_id = execution_id
            case ArtifactDiscovered():
                self.discovered += 1
            case ArtifactSkipped():
                self.skipped += 1
            case ArtifactExtracted(_, received, enriched, _):
                self.extracted += 1
                self.received += received
                self.enriched += enriched
            case ArtifactFailed():
                self.failed += 1
                self.unopened += not event.opened
                if len(self.failures) < SHOWN:
                    self.failures.append(event)
            case RowsQuarantined(_, count, _):
                self.rejected += count
                self.first_rejected = self.first_rejected or event
            case ChunkWritten(_, rows):
                self.chunks += 1
                self.rows += rows
            case Completed():
                self.completed = event

    @property
    def error(self) -> str | None:
        """What broke the collection, if anything did."""
        if self.completed is None:
            return None
        return self.completed.error

    @property
    def nothing_opened(self) -> bool:
        """Artifacts were found, and not one of them could be opened."""
        return self.discovered > 0 and self.unopened == self.discovered

    @property
    def exit_code(self) -> int:
        """0 done; 1 failed; 3 done, with rejected records or failed artifacts; 130, 141, 143 stopped from outside."""
        if self.interrupted is not None:
            return self.interrupted
        if self.error is not None or self.nothing_opened:
            return FAILED
        return INCOMPLETE if self.failed or self.rejected else OK
