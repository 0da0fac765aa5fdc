"""`write_chunks`: rows become chunk files, and the world hears of a chunk when it is whole and in its place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from ..errors import CollectionFailed
from ..events import ChunkWritten, Event, RowsQuarantined
from ..operators.operator import operator
from ..storage import DISK, Part, Storage, blocks, failure
from .facts import Begun, Counted, Encoded, Item, Quarantined
from .lines import end_of
from .quarantine import Quarantine


@operator
def write_chunks(
    source: Observable[Item], into: Path, execution_id: str, chunk_rows: int = 10_000, storage: Storage = DISK
) -> Observable[Event | Begun | Counted]:
    """Rows into ``<execution_id>-<n>.jsonl``, rejected records into the quarantine beside them; the rest passes.

    Every chunk but the last holds exactly *chunk_rows* rows. `ChunkWritten` follows a chunk that is durable.
    `RowsQuarantined` says that records are kept: they become durable with the chunk that is open then.

    If the source ends with an error, what came before it is finished all the same: artifacts were reported as extracted
    whose rows are in the open chunk. If writing fails the stream ends with `CollectionFailed`, and the open chunk is
    removed; so it is when the subscriber is gone.
    """

    def subscribe(
        observer: abc.ObserverBase[Event | Begun | Counted], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        chunks = Chunks(storage, into, execution_id, chunk_rows, observer.on_next)

        def guarded(step: Callable[[], object]) -> bool:
            """Whether *step* went well; if it did not, the stream has ended."""
            try:
                step()
            except Unwritable as error:
                chunks.discard()
                upstream.dispose()
                observer.on_error(error)
                return False
            except BaseException:  # the subscriber's: not ours to swallow
                chunks.discard()
                raise
            return True

        def on_next(item: Item) -> None:
            if isinstance(item, Encoded):
                guarded(lambda: chunks.add(item))
            elif isinstance(item, Quarantined):
                guarded(lambda: chunks.reject(item))
            else:
                guarded(lambda: observer.on_next(cast("Event | Begun | Counted", item)))

        def on_completed() -> None:
            if guarded(chunks.finish):
                observer.on_completed()

        def on_error(error: Exception) -> None:
            if guarded(chunks.finish):
                observer.on_error(error)

        upstream = CompositeDisposable(Disposable(chunks.discard))
        upstream.add(source.subscribe(on_next, on_error, on_completed, scheduler=scheduler))
        return upstream

    return Observable(subscribe)


class Unwritable(CollectionFailed):
    """A chunk cannot be written. Told apart from what a subscriber raises, which may be anything."""


class Chunks:
    """The chunks of one execution: one is open at a time, as a file, and gets its number when it is published.

    A worker's file that holds a whole chunk is published as it is, past the open one, so that its bytes are moved by
    nobody; only the remainders of artifacts are copied into the open chunk. Numbers stay without gaps, and the pieces
    of an artifact keep their order.
    """

    def __init__(
        self, storage: Storage, into: Path, execution_id: str, chunk_rows: int, emit: Callable[[Event], object]
    ) -> None:
        self.number = 0
        self._storage = storage
        self._into = into
        self._work = into / ".work"
        self._execution_id = execution_id
        self._chunk_rows = chunk_rows
        self._emit = emit
        self._open: Part | None = None
        self._rows = 0
        self._quarantine = Quarantine(storage, into / "quarantine", self._work, execution_id)

    def add(self, fact: Encoded) -> None:
        """Take rows in. Raises `Unwritable` if that is not possible."""
        if isinstance(fact.lines, bytes):
            self._append(fact.lines, fact.rows)
        elif fact.full:
            with self._writing(fact.lines):
                found = fact.lines.stat().st_size
            if found != fact.size:
                raise Unwritable(f"{fact.lines} holds {found:,} bytes, but its worker wrote {fact.size:,}")
            self._publish(fact.lines, fact.rows)
        else:
            self._copy(fact.lines, fact.rows, fact.size)

    def reject(self, fact: Quarantined) -> None:
        """Keep rejected records, and say so."""
        with self._writing(self._quarantine.directory):
            self._quarantine.add(fact)
        self._emit(RowsQuarantined(fact.artifact, fact.count, fact.first))

    def finish(self) -> None:
        """Publish the open chunk as the last one, and rejected records that belong to none."""
        if self._open is not None:
            self._close()
        with self._writing(self._quarantine.directory):
            if self._quarantine.finish() is not None:
                self._quarantine.publish(self.number)

    def discard(self) -> None:
        """Remove what is not published."""
        part, self._open, self._rows = self._open, None, 0
        self._quarantine.discard()
        if part is not None:
            part.discard()

    def _append(self, lines: bytes, rows: int) -> None:
        start = 0
        view = memoryview(lines)
        while rows:
            part = self._part()
            taken = min(rows, self._chunk_rows - self._rows)
            end = len(lines) if taken == rows else end_of(lines, taken, start)
            with self._writing(part.path):
                part.write(view[start:end])
            start, rows = end, rows - taken
            self._rows += taken
            if self._rows == self._chunk_rows:
                self._close()

    def _copy(self, path: Path, rows: int, size: int) -> None:
        """The rows of a file into the open chunk. They are counted only where the chunk ends inside the file."""
        if rows <= self._chunk_rows - self._rows:
            part = self._part()
            with self._writing(part.path):
                for block in blocks(path, size):
                    part.write(block)
            self._rows += rows
            if self._rows == self._chunk_rows:
                self._close()
        else:
            left = b""
            for block in self._read(path, size):
                end = block.rfind(b"\n") + 1
                if not end:  # one line longer than a block
                    left += block
                    continue
                lines, left = left + block[:end], block[end:]
                self._append(lines, lines.count(b"\n"))
        with self._writing(path):
            self._storage.remove(path)

    def _read(self, path: Path, size: int) -> Iterator[bytes]:
        with self._writing(path):
            yield from blocks(path, size)

    def _part(self) -> Part:
        if self._open is None:
            path = self._work / f"{self._execution_id}.part"
            with self._writing(path):
                self._open = Part(self._storage, path)
        return self._open

    def _close(self) -> None:
        """Publish the open chunk."""
        assert self._open is not None, "there is no open chunk"
        with self._writing(self._open.path):
            self._open.finish()
        part, self._open = self._open, None
        rows, self._rows = self._rows, 0
        self._publish(part.path, rows)

    def _publish(self, part: Path, rows: int) -> None:
        """A synced file becomes the next chunk: rejected records first, since the chunk covers them too."""
        final = self._into / f"{self._execution_id}-{self.number}.jsonl"
        with self._writing(self._quarantine.directory):
            self._quarantine.finish()
            self._quarantine.publish(self.number)
        with self._writing(final):
            self._storage.publish(part, final)
        self.number += 1
        self._emit(ChunkWritten(self.number - 1, rows))

    @contextlib.contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unwritable(str(failure(path, error))) from error
        except EOFError as error:
            raise Unwritable(str(error)) from error
