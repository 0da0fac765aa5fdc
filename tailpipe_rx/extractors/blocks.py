"""What the extractors share: bytes in blocks, blocks of whole lines, and batches of a fair size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import attrs

from ..errors import ArtifactError
from ..events import Rejected
from ..operators.elements import BATCH_ROWS, RAW_KEPT, Batch

R = TypeVar("R")

BLOCK: Final = 64 * 1024
"""Pieces smaller than this are joined: a batch of one or two rows would cost more than its rows."""
LONGEST: Final = 16 * 2**20
"""The most bytes of a record or line, unless an argument says otherwise."""
BOM: Final = b"\xef\xbb\xbf"


class Blocks:
    """The pieces of a content, joined to blocks of at least *size* bytes, without a byte-order mark in front.

    An error of the content is kept in ``failure``, and the bytes before it end like any others: whoever cuts records
    delivers what is whole, and then raises it.
    """

    def __init__(self, pieces: Iterable[bytes], size: int = BLOCK) -> None:
        self.failure: ArtifactError | OSError | None = None
        self._pieces = iter(pieces)
        self._size = size
        self._begun = False

    def next(self) -> bytes:
        """The next block; empty at the end."""
        block = self._next(self._size)
        if not self._begun:
            self._begun = True
            while 0 < len(block) < len(BOM) and (more := self._next(1)):
                block += more
            if block.startswith(BOM):
                block = block[len(BOM) :] or self._next(self._size)
        return block

    def _next(self, size: int) -> bytes:
        if self.failure is not None:
            return b""
        parts: list[bytes] = []
        length = 0
        try:
            while length < size and (piece := next(self._pieces, None)) is not None:
                parts.append(piece)
                length += len(piece)
        except (ArtifactError, OSError) as error:
            self.failure = error
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def __iter__(self) -> Iterator[bytes]:
        while block := self.next():
            yield block


def line_blocks(blocks: Blocks, longest: int = LONGEST) -> Iterator[bytes | Rejected]:
    r"""Blocks of whole lines, without the last line feed; a line longer than *longest* bytes comes as `Rejected`.

    Raises the failure of *blocks* at the end. What has no line feed is a line if the content ends with it, and is
    dropped if the content is damaged there.

    >>> list(line_blocks(Blocks([b"a\nb", b"b\nc"], 1)))
    [b'a', b'bb', b'c']
    """
    rest, skipping = b"", False
    for block in blocks:
        if skipping:  # no more than a block of a line that is too long is in memory
            cut = block.find(b"\n")
            if cut < 0:
                continue
            block, skipping = block[cut + 1 :], False
        text = rest + block if rest else block
        cut = text.rfind(b"\n", len(rest))
        if cut >= 0:
            yield from _measured(text[:cut], longest)
        rest = text[cut + 1 :]
        if len(rest) > longest:
            yield too_long(rest, longest, "line")
            rest, skipping = b"", True
    if blocks.failure is not None:
        raise blocks.failure
    if rest:
        yield from _measured(rest, longest)


def _measured(block: bytes, longest: int) -> Iterator[bytes | Rejected]:
    if len(block) <= longest:
        yield block
        return
    fair: list[bytes] = []
    for line in block.split(b"\n"):
        if len(line) <= longest:
            fair.append(line)
            continue
        if fair:
            yield b"\n".join(fair)
            fair = []
        yield too_long(line, longest, "line")
    if fair:
        yield b"\n".join(fair)


def too_long(record: bytes, longest: int, noun: str = "record") -> Rejected:
    kept = min(RAW_KEPT, longest)
    return Rejected(record[:kept], f"the {noun} is longer than {longest} bytes; its first {kept} are kept")


def sliced(batch: Batch[R], member: str = "", stage: str = "") -> Iterator[Batch[R]]:
    """*batch* in batches of at most 1,000 rows, each with the rejected records among its own."""
    rejected = batch.rejected
    if rejected and stage:
        rejected = tuple(bad if bad.stage else attrs.evolve(bad, stage=stage) for bad in rejected)
    if len(batch.rows) <= BATCH_ROWS:
        batch.rejected, batch.member = rejected, member
        if batch.received:
            yield batch
        return
    filtered = batch.filtered
    for i in range(0, len(batch.rows), BATCH_ROWS):
        numbers = batch.numbers[i : i + BATCH_ROWS]
        last = i + BATCH_ROWS >= len(batch.rows)
        own = rejected if last else tuple(bad for bad in rejected if bad.number < numbers[-1])
        rejected = rejected[len(own) :]
        rows = batch.rows[i : i + BATCH_ROWS]
        received = len(rows) + len(own) + (filtered if last else 0)
        parts = batch.parts[i : i + BATCH_ROWS] if batch.parts else ()
        yield Batch(rows, numbers, received, own, parts, batch.raw, member)
