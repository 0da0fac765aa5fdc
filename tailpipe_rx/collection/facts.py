"""What travels inside a collection, between the work on artifacts and the chunks. None of it leaves the collection."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import attrs

from ..events import Artifact, Event, Rejected, Tick


@attrs.frozen
class Begun:
    """Work on *artifact* has begun."""

    artifact: Artifact


@attrs.frozen
class Encoded:
    """Enriched *rows* of *artifact* as JSON lines: in memory, or in a file of exactly *size* bytes, synced if *full*.

    In a file they are at most a chunk's rows. Pieces of one artifact come in the order of its records.
    """

    artifact: Artifact
    rows: int
    lines: bytes | Path = attrs.field(repr=False)
    size: int
    full: bool = False
    """The file holds exactly a chunk's rows."""


@attrs.frozen
class Quarantined:
    """*count* rejected records of *artifact*, as lines of a quarantine file. They belong to the rows that come next."""

    artifact: Artifact
    count: int
    first: Rejected
    lines: bytes | Path = attrs.field(repr=False)
    size: int


@attrs.frozen
class Counted:
    """What became of *received* further records of *artifact*; the rest was filtered."""

    artifact: Artifact
    received: int
    enriched: int
    quarantined: int


Item: TypeAlias = Begun | Encoded | Quarantined | Counted | Event | Tick

Found: TypeAlias = Artifact | Event | Tick
"""What comes from the source: an artifact, or, in its place, the event that there is nothing to work on."""
