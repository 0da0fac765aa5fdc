"""Reading an artifact's bytes as they are stored, in steps, knowing where one is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO, Final, Self

from ..errors import ArtifactError
from ..events import Artifact

STEP: Final = 256 * 1024
"""The most bytes that one piece of content holds, and the most that are read at once."""
PACKED_STEP: Final = 64 * 1024
"""The most bytes that are handed to a decompressor at once.

Smaller than `STEP`, since they unpack to some ten times as much, and since what is behind the end of a gzip member is
copied by the decompressor: a file of many small members would be copied once for each.
"""
HEAD: Final = 512
"""As many first bytes as are needed to tell what a file is; a tar archive shows itself last, at 257."""


class PackedFile:
    """The stored bytes of an artifact: a file, or bytes at hand. Close it, or use it in a ``with``."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self.offset = 0
        """How many bytes have been read."""
        self._file = file

    @classmethod
    def open(cls, artifact: Artifact) -> PackedFile:
        """Raises OSError if there is no such file or it may not be read, `ArtifactError` if it was not fetched."""
        match artifact.content:
            case bytes() as data:
                return cls(artifact.name, io.BytesIO(data))
            case Path() as path:
                return cls(artifact.name, open(path, "rb", buffering=0))  # steps are large: no buffer is needed
            case _:
                raise ArtifactError(f"{artifact.name}: was not fetched, so there is no content to read")

    def read(self, size: int) -> bytes:
        """At most *size* bytes, at least one; empty at the end."""
        data = self._file.read(size)
        self.offset += len(data)
        return data

    def head(self) -> bytes:
        """The first bytes: at least `HEAD` of them, unless there are fewer. A pipe may give them one by one."""
        data = self.read(PACKED_STEP)
        while 0 < len(data) < HEAD and (more := self.read(PACKED_STEP)):
            data += more
        return data

    def again(self, offset: int) -> PackedFile | None:
        """Another reader of the same bytes, from *offset* on; None if they can be read only once."""
        if isinstance(self._file, io.BytesIO):
            file: BinaryIO = io.BytesIO(self._file.getbuffer()[offset:])
        elif self._file.seekable():
            self._file.seek(offset)
            file = self._file
        else:
            return None
        again = PackedFile(self.name, file)
        again.offset = offset
        return again

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
