"""gzip (RFC 1952), with any number of members, by ISA-L."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final, cast

from isal import isal_zlib

from ..errors import Corrupt, Truncated
from .file import PACKED_STEP, STEP, PackedFile

_DAMAGE: Final[type[Exception]] = cast("type[Exception]", isal_zlib.error)  # its stubs take the class for an instance
_MAGIC: Final = b"\x1f\x8b"
_WITH_HEADER: Final = 31  # window bits as zlib counts them: a gzip header and trailer, both verified


def recognise(head: bytes) -> bool:
    return head.startswith(_MAGIC)


def unpack(file: PackedFile, head: bytes) -> Iterator[bytes]:
    """The content of all members, one after the other, in pieces of at most `STEP` bytes.

    Zero bytes behind the last member are padding. Raises `Truncated` where a member ends too early, and `Corrupt`
    where one is damaged, or where something else follows it; both after all the bytes that could be unpacked.
    """
    packed = head
    start = 0  # where the member begins
    stream = isal_zlib.decompressobj(_WITH_HEADER)
    given = 0  # bytes of content of this member
    while packed:
        # no more than a step: what lies behind the end of the member is copied by the decompressor
        ahead, packed = packed[PACKED_STEP:], packed[:PACKED_STEP]
        while packed:
            try:
                piece = stream.decompress(packed, STEP)
            except _DAMAGE as error:
                at = file.offset - len(ahead) - len(packed)
                yield from _salvaged(file, start, given)
                raise Corrupt(f"{file.name}: the gzip data is corrupt near byte {at}: {_reason(error)}") from error
            if piece:
                given += len(piece)
                yield piece
            packed = stream.unconsumed_tail
            if stream.eof:
                packed = stream.unused_data + ahead
                ahead = b""
                start = file.offset - len(packed)
                break
        else:
            packed = ahead or file.read(PACKED_STEP)
            continue
        packed = packed or file.read(PACKED_STEP)
        if not packed:
            return
        if len(packed) == 1:
            packed += file.read(PACKED_STEP)
        if not recognise(packed):
            _only_padding(file, packed)
            return
        stream, given = isal_zlib.decompressobj(_WITH_HEADER), 0
    raise Truncated(
        f"{file.name}: the gzip data ends at byte {file.offset}, in the middle of the member that begins at "
        f"byte {start}: the file was cut, or is still being written"
    )


def _only_padding(file: PackedFile, packed: bytes) -> None:
    while packed:
        if rest := packed.lstrip(b"\0"):
            at = file.offset - len(rest)
            raise Corrupt(f"{file.name}: something that is not gzip follows the last member, at byte {at}")
        packed = file.read(STEP)


def _reason(error: Exception) -> str:
    """ISA-L's words without its numbers: "Error -6 Incorrect checksum found"."""
    text = str(error)
    return text.split(" ", 2)[2].lower() if text.startswith("Error -") and text.count(" ") > 1 else text


def _salvaged(file: PackedFile, start: int, given: int) -> Iterator[bytes]:
    """The content of the damaged member at *start* between its first *given* bytes and the damage.

    The step in which ISA-L meets damage is lost to it, up to `STEP` good bytes; so the member is unpacked again, by
    zlib, which can be copied before a step and fed byte by byte in the last one. A file that can be read only once
    loses them.
    """
    again = file.again(start)
    if again is None:
        return
    data = again.read(PACKED_STEP)
    header = _header(data)
    if header is None:
        return
    data = data[header:]
    stream: Any = zlib.decompressobj(-zlib.MAX_WBITS)  # without the trailer, whose checksum is known to be wrong
    seen = 0
    while data and not stream.eof:
        before = stream.copy()
        try:
            piece = stream.decompress(data, STEP)
        except zlib.error:
            piece, stream = _last(before, data), None
        seen += len(piece)
        if seen > given:
            yield piece[-(seen - given) :]
            given = seen
        if stream is None:
            return
        data = stream.unconsumed_tail or again.read(PACKED_STEP)


def _last(stream: Any, data: bytes) -> bytes:
    """What unpacks before the damage in *data*, which is less than `STEP`."""
    out: list[bytes] = []
    with contextlib.suppress(zlib.error):  # the damage that is known already
        for i in range(len(data)):
            out.append(stream.decompress(data[i : i + 1]))
    return b"".join(out)


def _header(data: bytes) -> int | None:
    """How long the header of the member is; None if it is damaged itself."""
    if len(data) < 10 or data[2] != 8:
        return None
    flags, at = data[3], 10
    if flags & 4:
        if len(data) < at + 2:
            return None
        at += 2 + struct.unpack_from("<H", data, at)[0]
    for flag in (8, 16):  # a name, a comment
        if flags & flag:
            at = data.find(b"\0", at) + 1
            if not at:
                return None
    return at + 2 if flags & 2 else at
