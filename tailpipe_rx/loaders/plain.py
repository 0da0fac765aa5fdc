"""Files that are not packed."""

from __future__ import annotations

from collections.abc import Iterator

from .file import STEP, PackedFile


def unpack(file: PackedFile, head: bytes) -> Iterator[bytes]:
    """The bytes as they are, a step at a time."""
    while head:
        yield head
        head = file.read(STEP)
