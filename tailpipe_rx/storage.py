"""The seam to the disk: the only module that opens files for writing.

Everything that a collection leaves behind goes through the methods of a `Storage`, one system call each, so that a test
can hand in a storage that records them, leaves out what was not fsynced, or fails on purpose. `Part` is a file under
construction on top of it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from .errors import CollectionFailed

COPY_BYTES: Final = 1 << 20
"""How much is copied at a time from one file to another."""

_NO_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


@attrs.frozen
class Storage:
    """The operations on files and directories. They raise OSError; `failure` makes a text of it."""

    def make_directory(self, path: Path) -> None:
        """A directory that only its owner may enter, parents included. One that is there already stays as it is."""
        missing = [path]
        while not missing[-1].parent.exists():
            missing.append(missing[-1].parent)
        for directory in reversed(missing):
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory, 0o700)
                self.sync_directory(directory.parent)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

    def create(self, path: Path) -> int:
        """Open a new file for writing, for its owner only. Raises FileExistsError where there is one."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def open_kept(self, path: Path) -> int:
        """Open a file that is written in place and stays from run to run, to read and write; made if absent."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        """Write some of *data*, and say how much."""
        return os.write(fd, data)

    def truncate(self, fd: int) -> None:
        """Make a file empty, and go to its begin."""
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)

    def sync(self, fd: int) -> None:
        """Return when the content of the file is on the disk."""
        if sys.platform == "darwin":  # there, fsync leaves the bytes in the drive's cache
            with contextlib.suppress(OSError):
                fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
                return
        os.fsync(fd)

    def close(self, fd: int) -> None:
        os.close(fd)

    def link(self, path: Path, final: Path) -> None:
        """Give a file a second name. Raises FileExistsError where the name is taken."""
        os.link(path, final)

    def move(self, path: Path, final: Path) -> None:
        """Give a file another name; a file that has it already is replaced."""
        os.replace(path, final)

    def remove(self, path: Path) -> None:
        """Remove a file. One that is not there is no error."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def remove_tree(self, path: Path) -> None:
        """Remove a directory and all that is in it. One that is not there is no error."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path)

    def sync_directory(self, path: Path) -> None:
        """Return when the names in a directory are on the disk."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # file systems that know no fsync of directories write names at once
                raise
        finally:
            os.close(fd)

    def names(self, path: Path) -> list[str]:
        """The names in a directory, sorted; none if it is not there."""
        try:
            return sorted(os.listdir(path))
        except FileNotFoundError:
            return []

    # --- made of the above --------------------------------------------------------------------------------------

    def publish(self, part: Path, final: Path) -> None:
        """Give a file that is whole and synced its final name, durably. Nothing is ever replaced.

        Raises FileExistsError where the name is taken.
        """
        try:
            self.link(part, final)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # No hard links here (FAT, some network file systems), and a rename replaces. Taking the name with a file
            # of our own first makes sure that what the rename replaces is that file. A crash in between leaves it
            # empty, which its number of bytes tells.
            self.close(self.create(final))
            self.move(part, final)
        else:
            self.remove(part)
        self.sync_directory(final.parent)


DISK: Final = Storage()


class Part:
    """A file under construction: nobody knows it until it is published.

    Writes are not buffered here. What is written is a batch of rows, and holding it back would only copy it.
    """

    def __init__(self, storage: Storage, path: Path) -> None:
        self.path = path
        self.bytes = 0
        self._storage = storage
        self._fd: int | None = storage.create(path)

    def write(self, data: bytes | memoryview) -> None:
        """Append all of *data*."""
        assert self._fd is not None, "written to after its end"
        view = memoryview(data)
        while view:
            done = self._storage.write(self._fd, view)
            self.bytes += done
            view = view[done:]

    def finish(self) -> None:
        """Sync and close it."""
        assert self._fd is not None, "finished twice"
        self._storage.sync(self._fd)
        self.close()

    def close(self) -> None:
        """Close it as it is."""
        fd, self._fd = self._fd, None
        if fd is not None:
            self._storage.close(fd)

    def discard(self) -> None:
        """Close and remove it, if it is still there."""
        with contextlib.suppress(OSError):  # of closing a file that nobody wants: what failed first is what counts
            self.close()
        self._storage.remove(self.path)


def blocks(path: Path, size: int) -> Iterator[bytes]:
    """The first *size* bytes of a file, piece by piece. Raises EOFError where it is shorter."""
    with open(path, "rb", buffering=0) as file:
        while size:
            block = file.read(min(size, COPY_BYTES))
            if not block:
                raise EOFError(f"{path} is {size} bytes shorter than was reported")
            size -= len(block)
            yield block


def free_bytes(path: Path) -> int | None:
    """How much this user may still write to the file system of *path*; None if it does not say."""
    while True:
        try:
            found = os.statvfs(path)
        except OSError:
            if path == path.parent:
                return None
            path = path.parent
        else:
            return found.f_bavail * found.f_frsize


def failure(path: Path, error: OSError) -> CollectionFailed:
    """What to say when a file or directory cannot be written."""
    reason = error.strerror or str(error)
    free = free_bytes(path) if error.errno in (errno.ENOSPC, errno.EDQUOT) else None
    room = f"; {free:,} bytes free on its file system" if free is not None else ""
    if isinstance(error, FileExistsError):
        return CollectionFailed(f"{path} exists already and is never replaced; collect into another directory")
    return CollectionFailed(f"cannot write {path}: {reason}{room}")
