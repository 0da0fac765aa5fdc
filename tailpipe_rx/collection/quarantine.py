"""The quarantine: records that did not become rows, kept with their bytes, their place and the reason."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from ..events import Artifact, Rejected
from ..storage import Part, Storage, blocks
from .facts import Quarantined

_encoder: Final = msgspec.json.Encoder()

FIRST_BYTES: Final = 1000
"""How much of a rejected record an event carries."""


def quarantine_lines(
    table: str, partition: str, artifact: Artifact, member: str, rejected: Sequence[Rejected], now: datetime
) -> bytes:
    """One JSON object a line for each rejected record.

    ``raw`` holds its bytes as text where they are UTF-8, else ``raw_base64`` does. ``record`` counts from 0; ``offset``
    is its place in the unpacked bytes, and absent where it is not known, as ``member`` is outside archives.
    """
    time = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    lines: list[dict[str, Any]] = []
    for bad in rejected:
        line: dict[str, Any] = {"table": table, "partition": partition, "artifact": _text(artifact.name)}
        if member:
            line["member"] = _text(member)
        line["record"] = bad.number
        if bad.offset is not None:
            line["offset"] = bad.offset
        line |= {"stage": _text(bad.stage), "reason": _text(bad.reason), "time": time}
        try:
            line["raw"] = bad.raw.decode()
        except UnicodeDecodeError:
            line["raw_base64"] = base64.b64encode(bad.raw).decode()
        lines.append(line)
    return _encoder.encode_lines(lines)


def _text(value: str) -> str:
    """File names, and reasons that quote bytes, need not be UTF-8."""
    return value.encode(errors="surrogateescape").decode(errors="backslashreplace") if not value.isascii() else value


def shortened(rejected: Rejected) -> Rejected:
    """As an event carries it."""
    return attrs.evolve(rejected, raw=rejected.raw[:FIRST_BYTES]) if len(rejected.raw) > FIRST_BYTES else rejected


class Quarantine:
    """The quarantine files of an execution: ``<execution_id>-<n>.rejected.jsonl`` holds what belongs to chunk n.

    Built up out of sight under *work* and published when its chunk is about to be; the directory is made for the first
    rejected record, so that a run without any leaves none.
    """

    def __init__(self, storage: Storage, directory: Path, work: Path, execution_id: str) -> None:
        self.directory = directory
        self._storage = storage
        self._work = work
        self._execution_id = execution_id
        self._part: Part | None = None

    def add(self, fact: Quarantined) -> None:
        """Keep rejected records for the next chunk."""
        if self._part is None:
            self._part = Part(self._storage, self._work / f"{self._execution_id}.rejected.part")
        if isinstance(fact.lines, bytes):
            self._part.write(fact.lines)
        else:
            for block in blocks(fact.lines, fact.size):
                self._part.write(block)
            self._storage.remove(fact.lines)

    def finish(self) -> Path | None:
        """Sync what is kept, if anything: the first step of publishing a chunk. Returns the file."""
        if self._part is None:
            return None
        self._part.finish()
        return self._part.path

    def publish(self, number: int) -> None:
        """Give what was finished the name that belongs to chunk *number*."""
        part, self._part = self._part, None
        if part is not None:
            self._storage.make_directory(self.directory)
            self._storage.publish(part.path, self.directory / f"{self._execution_id}-{number}.rejected.jsonl")

    def discard(self) -> None:
        """Remove what is not published."""
        part, self._part = self._part, None
        if part is not None:
            part.discard()
