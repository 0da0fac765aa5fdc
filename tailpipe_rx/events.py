"""The facts: what can be collected, what is asked for, and what a collection says while it runs.

Everything here is frozen. Events form a closed set (the subclasses of `Event`), in the order in which a collection
says them::

    Started
      ArtifactDiscovered  ArtifactDownloaded  ArtifactSkipped
      RowsQuarantined  ChunkWritten  Status
      ArtifactExtracted | ArtifactFailed
    Completed
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import attrs

# --- what travels beside rows ---------------------------------------------------------------------------------------


@attrs.frozen
class Tick:
    """A second of waiting went by. Travels beside artifacts and batches so that status and time-outs need no timers.

    A source of one's own that waits (for an answer, a quota, a delivery) yields one at least each second:

    >>> def artifacts(self, window):
    ...     while (page := self.ask(timeout=1)) is None:
    ...         yield TICK
    ...     yield Artifact("page", content=page)
    """


TICK = Tick()


@attrs.frozen
class Artifact:
    """One thing that a source can collect whole: a file, an object, a page of an API, a delivery.

    >>> Artifact("s3://logs/a.json.gz", version='"9b2c"', size=1203, metadata={"account_id": "111122223333"}).name
    's3://logs/a.json.gz'
    """

    name: str
    """Its identity inside the source: an absolute path, ``s3://bucket/key``, a URL. Enters ``tp_id``."""
    version: str = ""
    """What changes when the content does: an etag; device, inode, size and mtime. Changed means: look again."""
    timestamp: datetime | None = None
    """When it was written, if the layout or the listing says so."""
    size: int = 0
    """Bytes as stored; 0 if unknown."""
    metadata: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    """What the layout captured. Keys that begin with ``tp_`` become columns of every row."""
    content: Path | bytes | None = attrs.field(default=None, repr=False)
    """The bytes, or the file that holds them; None until `Source.fetch` has brought them."""


@attrs.frozen
class Window:
    """From when to when: a source gives the artifacts that may hold rows with ``start <= tp_timestamp < end``.

    An open end is None. An artifact is collected whole; rows of it that lie outside are not left out.
    """

    start: datetime | None = None
    end: datetime | None = None


@attrs.frozen
class Rejected:
    """A record that did not become a row.

    An extractor over a whole artifact yields ``Rejected(raw, reason)`` and goes on; the number is filled in.

    >>> Rejected(b"what?", "no time in it").reason
    'no time in it'
    """

    raw: bytes
    """The record as it was found. Of one that is too large to be held: its first 64 KB."""
    reason: str
    """What was wrong, in words."""
    number: int = -1
    """Its place among all records of the artifact, from 0; -1 until it is known."""
    stage: str = ""
    """The operator that rejected it, as it shows itself."""
    offset: int | None = None
    """Its place in the unpacked bytes of the artifact, where that is known."""


@attrs.frozen
class CollectRequest:
    """What to collect, and where to. `Table` and `Source` say how."""

    table: str
    into: Path
    partition: str = "default"
    execution_id: str = ""
    """Chunks are named after it. Embedded: UTC time and six random characters, made when a run starts."""
    window: Window = Window()
    index: str | None = None
    """The column that fills ``tp_index``; None leaves it to `Common.index`, else ``default``."""
    chunk_rows: int = 10_000


# --- what a collection says -----------------------------------------------------------------------------------------


@attrs.frozen
class Event:
    """Something that a collection did."""


@attrs.frozen
class Started(Event):
    """The first event of every execution."""

    execution_id: str


@attrs.frozen
class ArtifactDiscovered(Event):
    """The source found *artifact*, and it is to be collected."""

    artifact: Artifact


@attrs.frozen
class ArtifactDownloaded(Event):
    """The content of *artifact* is at hand; *size* bytes were fetched."""

    artifact: Artifact
    size: int


@attrs.frozen
class ArtifactSkipped(Event):
    """*artifact* is not collected, for *reason*; nothing is wrong with it."""

    artifact: Artifact
    reason: str


@attrs.frozen
class ArtifactExtracted(Event):
    """All of *artifact* has passed: ``received = enriched + quarantined + filtered``."""

    artifact: Artifact
    received: int
    enriched: int
    quarantined: int

    @property
    def filtered(self) -> int:
        return self.received - self.enriched - self.quarantined


@attrs.frozen
class ArtifactFailed(Event):
    """*artifact* could not be read to its end, for *error*; the *rows* before that point are delivered."""

    artifact: Artifact
    error: str
    rows: int
    opened: bool = True
    """False if nothing of it was seen, since the system refused it (no permission, gone): its content may be good."""


@attrs.frozen
class RowsQuarantined(Event):
    """*count* records of *artifact* were rejected and kept; *first* is one of them, its bytes cut to 1,000."""

    artifact: Artifact
    count: int
    first: Rejected


@attrs.frozen
class ChunkWritten(Event):
    """Chunk *number* (from 0) of the execution is whole, durable and in its place."""

    number: int
    rows: int


@attrs.frozen(kw_only=True)
class Status(Event):
    """The counters so far. At most one each 250 ms, and one at the end."""

    discovered: int = 0
    downloaded: int = 0
    extracted: int = 0
    skipped: int = 0
    failed: int = 0
    bytes: int = 0
    """Bytes of artifacts as stored, of those that were begun."""
    received: int = 0
    enriched: int = 0
    quarantined: int = 0
    rows: int = 0
    """Rows in finished chunks."""
    chunks: int = 0
    artifact: str = ""
    """The artifact at hand."""

    @property
    def filtered(self) -> int:
        return self.received - self.enriched - self.quarantined


@attrs.frozen
class Completed(Event):
    """The last event of every execution. *chunks* counts all chunks, the last partial one included."""

    execution_id: str
    rows: int
    chunks: int
    error: str | None = None
