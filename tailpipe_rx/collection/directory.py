"""`Directory`: the place a run writes to, claimed for the time it takes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ..errors import CollectionFailed, DirectoryInUse
from ..events import CollectRequest
from ..storage import Storage, failure

MARKER: Final = ".tailpipe-rx.json"
"""Says what a directory holds. It is also what a run locks."""
WORK: Final = ".work"
OWNER: Final = "owner.json"
"""In the directory for work: who is at it. Not there: nobody is any more."""
FORMAT: Final = 1


class Directory:
    """The directory of one table and partition, held by one run.

    `claim` raises `DirectoryInUse` if it belongs to something else, and `CollectionFailed` if it cannot be written.
    The lock is the operating system's and dies with its holder, however that ends.
    """

    def __init__(self, storage: Storage, path: Path, table: str, partition: str) -> None:
        self.path = path
        self.work = path / WORK
        self._storage = storage
        self._table = table
        self._partition = partition
        self._lock: int | None = None

    @classmethod
    def of(cls, request: CollectRequest, storage: Storage) -> Directory:
        """The one that *request* is about."""
        return cls(storage, Path(os.path.abspath(request.into)), request.table, request.partition)

    def claim(self) -> None:
        """Make it if need be, lock it, and make sure that it is ours and fresh."""
        marker = self.path / MARKER
        try:
            if not marker.exists():  # a directory of somebody else's is left as it is, without so much as a marker
                self._refuse(self._chunks())
                if os.path.lexists(self.work):  # a collection writes its marker first, and what is in .work is removed
                    raise DirectoryInUse(
                        f"{self.path} holds a {WORK} that no collection has made; take another --into, or remove it"
                    )
            self._storage.make_directory(self.path)
            self._lock = self._storage.open_kept(marker)
            self._hold(self._lock)
            self._check(self._lock)
            # what a run that was killed has left behind
            self._storage.remove_tree(self.work)
            self._storage.make_directory(self.work)
            self._write_owner()
        except OSError as error:
            self._unlock()
            raise failure(self.path if error.filename is None else Path(error.filename), error) from error
        except BaseException:
            self._unlock()
            raise

    def release(self) -> None:
        """Remove what was under way, and let others in."""
        try:
            self._storage.remove_tree(self.work)
        finally:
            self._unlock()

    def _hold(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DirectoryInUse(
                f"{self.path} is being written by another collection{self._owner()}; "
                "wait for it, or take another --into"
            ) from error
        except OSError as error:
            if error.errno in (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS):
                raise CollectionFailed(
                    f"{self.path} is on a file system without locks ({error.strerror}); take --into on a local disk"
                ) from error
            raise

    def _check(self, lock: int) -> None:
        found, chunks = self._read(lock), self._chunks()
        wanted = {"format": FORMAT, "table": self._table, "partition": self._partition}
        if found != wanted:
            kept = chunks or self._storage.names(self.path / "quarantine")
            if found is not None and kept:  # without any the other run has left nothing that could be mixed up
                raise DirectoryInUse(
                    f"{self.path} holds {_told(found)}, and a directory holds one table and partition; "
                    f"take another --into for {self._table}.{self._partition}, or remove it"
                )
            self._write(lock, wanted)
        self._refuse(chunks)

    def _chunks(self) -> list[str]:
        return [name for name in self._storage.names(self.path) if name.endswith(".jsonl")]

    def _refuse(self, chunks: list[str]) -> None:
        if chunks:
            more = f" and {len(chunks) - 1:,} more" if len(chunks) > 1 else ""
            raise DirectoryInUse(
                f"{self.path} holds chunks already ({chunks[0]}{more}), which would be collected a second time; "
                "take another --into, or remove it"
            )

    def _read(self, lock: int) -> dict[str, Any] | None:
        """What the marker says; None where there was none."""
        text = os.pread(lock, 1 << 16, 0)
        if not text.strip():  # new, or a run was killed in its first moment
            return None
        with contextlib.suppress(ValueError):
            found = json.loads(text)
            if isinstance(found, dict):
                return found
        return {}

    def _write(self, fd: int, what: dict[str, Any]) -> None:
        self._storage.truncate(fd)
        self._storage.write(fd, json.dumps(what).encode() + b"\n")
        self._storage.sync(fd)
        self._storage.sync_directory(self.path)

    def _write_owner(self) -> None:
        fd = self._storage.create(self.work / OWNER)
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        try:
            self._storage.write(
                fd, json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}).encode()
            )
        finally:
            self._storage.close(fd)

    def _owner(self) -> str:
        """Who holds it, in brackets; nothing where that cannot be read, for it is only for people."""
        try:
            found = json.loads((self.work / OWNER).read_bytes())
            return f" (process {found['pid']} on {found['host']}, since {found['since']})"
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _unlock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            self._storage.close(lock)


def _told(found: dict[str, Any]) -> str:
    if found.get("format") != FORMAT or "table" not in found:
        return f"a {MARKER} of another version or program"
    return f"{found['table']}.{found.get('partition')}"
