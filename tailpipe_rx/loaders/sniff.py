"""What a file is, from its first bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from . import gzip, plain
from .file import PackedFile

Unpack: TypeAlias = Callable[[PackedFile, bytes], Iterator[bytes]]
"""From a file, of which the given first bytes are read already, to its unpacked pieces."""

_PACKINGS: Final[tuple[tuple[Callable[[bytes], bool], Unpack], ...]] = ((gzip.recognise, gzip.unpack),)


def sniff(head: bytes) -> Unpack:
    """How to unpack a file that begins with *head*; what is no known packing is taken as it is.

    >>> sniff(b"\\x1f\\x8b\\x08\\x00").__module__.rpartition(".")[2]
    'gzip'
    >>> sniff(b'{"Records": []}').__module__.rpartition(".")[2]
    'plain'
    """
    for recognise, unpack in _PACKINGS:
        if recognise(head):
            return unpack
    return plain.unpack
