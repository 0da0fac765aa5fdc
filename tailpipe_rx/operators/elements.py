"""What travels between operators: the content of an artifact, and batches of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, TypeVar

import attrs

from ..events import Artifact, Rejected

R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")

BATCH_ROWS: Final = 1000
"""The most rows of a batch. Per-row costs of Rx disappear from some hundred on; memory grows with it."""
RAW_KEPT: Final = 64 * 1024
"""The most bytes kept of a record that is larger than a record may be."""


class Content:
    """The unpacked bytes of an artifact or of a member of it, piece by piece.

    To be iterated once, inside ``on_next``; the pieces are as large as the loader likes. Iterating raises
    `ArtifactError` where the artifact is damaged, after all the pieces before the damage.
    """

    def __init__(self, artifact: Artifact, pieces: Iterator[bytes], member: str = "") -> None:
        self.artifact = artifact
        self.member = member
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def read(self) -> bytes:
        """All of it at once: for artifacts that are known to be small."""
        return b"".join(self._pieces)

    def __repr__(self) -> str:
        return f"Content({self.artifact.name!r}{f', member={self.member!r}' if self.member else ''})"


@attrs.define
class Batch(Generic[R_co]):
    """At most 1,000 rows of one artifact, and what happened to the records that are no rows.

    Only where one record becomes more rows than that are there more, since the rows of a record stay together.

    ``received`` counts the records that the batch stands for, so that wherever it is looked at
    ``received == len(rows) + len(rejected) + filtered``.
    """

    rows: Sequence[R_co]
    numbers: Sequence[int]
    """``numbers[i]`` is the place of ``rows[i]``'s record among all records of the artifact, from 0."""
    received: int
    rejected: tuple[Rejected, ...] = ()
    parts: Sequence[int] = ()
    """``parts[i]`` is the place of ``rows[i]`` among the rows of its record; empty: each is the first."""
    raw: Callable[[int], bytes] | None = attrs.field(default=None, eq=False, repr=False)
    """The bytes of a record by its number; asked only for records that are rejected."""
    member: str = ""
    """The archive member it comes from."""

    @property
    def filtered(self) -> int:
        """How many records are neither rows nor rejected: nobody wanted them."""
        return self.received - len(self.rows) - len(self.rejected)

    @classmethod
    def of(cls, *rows: S, first: int = 0) -> Batch[S]:
        """A batch of these rows, one a record.

        >>> Batch.of("a", "b").numbers
        range(0, 2)
        """
        return Batch(rows, range(first, first + len(rows)), len(rows))
