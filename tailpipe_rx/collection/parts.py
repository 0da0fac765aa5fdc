"""`Parts`: where a worker puts rows, so that facts alone travel back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from ..events import Artifact
from ..storage import Part, Storage, failure
from .facts import Counted, Encoded, Item, Quarantined
from .lines import end_of


class Parts:
    """The rows of one artifact in files of a chunk's rows each, and its rejected records in files beside them.

    Memory is bounded: what is kept per file is a few facts. Each file has its own rejected records, those up to its
    last row, so that a file and they can be committed together.
    """

    def __init__(self, storage: Storage, artifact: Artifact, directory: Path, token: str, chunk_rows: int) -> None:
        self._storage = storage
        self._artifact = artifact
        self._directory = directory
        self._token = token
        self._chunk_rows = chunk_rows
        self._facts: list[Item] = []
        self._written: list[Path] = []
        self._rows: Part | None = None
        self._count = 0
        self._rejects: Part | None = None
        self._rejected: Quarantined | None = None
        self._counted: Counted | None = None

    def add(self, item: Item) -> None:
        """Take in what `Work.run` emits. Raises `CollectionFailed` if a file cannot be written."""
        if isinstance(item, Encoded):
            self._encoded(item)
        elif isinstance(item, Quarantined):
            self._reject(item)
        elif isinstance(item, Counted):
            so_far = self._counted
            self._counted = item if so_far is None else _sum(so_far, item)
        else:
            self._facts.append(item)

    def finish(self) -> list[Item]:
        """The facts, in order; the event that ends the artifact stays last."""
        end = self._facts.pop()
        self._cut()
        return [*self._facts, end]

    def discard(self) -> None:
        """Remove all files."""
        for part in (self._rows, self._rejects):
            if part is not None:
                part.discard()
        for path in self._written:
            self._storage.remove(path)

    def _encoded(self, item: Encoded) -> None:
        assert isinstance(item.lines, bytes)
        view, start, rows = memoryview(item.lines), 0, item.rows
        while rows:
            if self._rows is None:
                self._rows = self._create(f"{self._token}-{len(self._written)}.part")
            taken = min(rows, self._chunk_rows - self._count)
            end = item.size if taken == rows else end_of(item.lines, taken, start)
            self._write(self._rows, view[start:end])
            start, rows = end, rows - taken
            self._count += taken
            if self._count == self._chunk_rows:
                self._cut()

    def _reject(self, item: Quarantined) -> None:
        assert isinstance(item.lines, bytes)
        if self._rejects is None:
            self._rejects = self._create(f"{self._token}-{len(self._written)}.rejected.part")
        self._write(self._rejects, item.lines)
        so_far = self._rejected
        self._rejected = item if so_far is None else attrs.evolve(so_far, count=so_far.count + item.count)

    def _cut(self) -> None:
        """The files at hand are whole: their facts, the rejected records before the rows."""
        if self._rejects is not None and self._rejected is not None:
            self._end(self._rejects, self._rejects.close)
            self._facts.append(attrs.evolve(self._rejected, lines=self._rejects.path, size=self._rejects.bytes))
        if self._rows is not None:
            full = self._count == self._chunk_rows
            # only a full one becomes a chunk as it is; a remainder is copied, and synced there
            self._end(self._rows, self._rows.finish if full else self._rows.close)
            self._facts.append(Encoded(self._artifact, self._count, self._rows.path, self._rows.bytes, full))
        if self._counted is not None:
            self._facts.append(self._counted)
        self._rows = self._rejects = self._rejected = self._counted = None
        self._count = 0

    def _create(self, name: str) -> Part:
        path = self._directory / name
        try:
            return Part(self._storage, path)
        except OSError as error:
            raise failure(path, error) from error

    def _write(self, part: Part, data: bytes | memoryview) -> None:
        try:
            part.write(data)
        except OSError as error:
            raise failure(part.path, error) from error

    def _end(self, part: Part, how: Callable[[], None]) -> None:
        try:
            how()
        except OSError as error:
            raise failure(part.path, error) from error
        self._written.append(part.path)


def _sum(a: Counted, b: Counted) -> Counted:
    return Counted(a.artifact, a.received + b.received, a.enriched + b.enriched, a.quarantined + b.quarantined)
