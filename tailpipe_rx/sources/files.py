"""`FileSource`: files, directories and globs of this machine."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, TypeAlias

import attrs

from ..errors import UsageError
from ..events import Artifact, Window
from .source import Source

Paths: TypeAlias = str | os.PathLike[str]
_Identity: TypeAlias = tuple[int, int]


def _texts(value: Paths | Iterable[Paths]) -> tuple[str, ...]:
    found = (value,) if isinstance(value, str | os.PathLike) else tuple(value)
    return tuple(os.fspath(path) for path in found)


@attrs.frozen
class FileSource(Source):
    """Files, directories (with all that is below them) and globs (``**`` for any depth), in the order given.

    A directory is walked depth first, in the order of the names, and listed only when the walk gets there; links are
    followed, a directory never into itself. Only regular files are taken. A file that is found twice (a glob beside
    its directory, say) is collected once.

    A file that cannot be read is an artifact all the same, and fails when it is opened; so is a directory that cannot
    be listed, since what is in it would otherwise be missing without a word.

    >>> FileSource("logs/**/*.gz").paths
    ('logs/**/*.gz',)
    """

    type: ClassVar[str] = "file"
    paths: tuple[str, ...] = attrs.field(converter=_texts)
    """Where to look."""
    exclude: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    """Directories that are never entered: where a collection writes its own files."""

    def artifacts(self, window: Window) -> Iterator[Artifact]:
        """Raises `UsageError` if one of the paths leads nowhere."""
        if missing := self.missing():
            raise UsageError(f"nothing there to collect: {', '.join(missing)}")
        walk = _Walk(self.exclude)
        for path in self.paths:
            yield from walk.location(path)

    def missing(self) -> list[str]:
        """Those of the paths that lead nowhere: no such file or directory, or a glob that matches nothing."""
        return [path for path in self.paths if not _is_there(path)]


def _is_there(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return glob.has_magic(path) and next(glob.iglob(path, recursive=True), None) is not None
    except OSError:  # it may not be looked at, so there is something to tell
        return True
    return True


class _Walk:
    """One discovery. What it remembers is the locations, not what is below them."""

    def __init__(self, exclude: Iterable[str]) -> None:
        self._taken: set[str] = set()
        self._excluded: set[_Identity] = set()
        for path in exclude:
            try:
                self._excluded.add(_identity(os.stat(path)))
            except OSError:  # it is not there yet, so there is nothing to enter
                continue

    def location(self, path: str) -> Iterator[Artifact]:
        if os.path.lexists(path) or not glob.has_magic(path):
            yield from self._named(path, walk=True)
            return
        *above, last = path.split(os.sep)
        everything = last == "**" or (last == "*" and "**" in above)  # then what is below a directory is found as well
        # Sorted, since a directory has no order of its own; in memory are the names that match and no others.
        for found in sorted(glob.iglob(path, recursive=True)):
            if not self._is_excluded(found):
                yield from self._named(found, walk=not everything)

    def _named(self, path: str, walk: bool) -> Iterator[Artifact]:
        path = os.path.abspath(path)
        if path in self._taken or any(os.fspath(parent) in self._taken for parent in Path(path).parents):
            return
        try:
            found = os.stat(path)
        except OSError:
            yield _unreadable(path)
            return
        if not stat.S_ISDIR(found.st_mode):
            self._taken.add(path)
            yield _artifact(path, found)
        elif walk and _identity(found) not in self._excluded:
            yield from self._directory(path, (_identity(found),))
            self._taken.add(path)

    def _directory(self, path: str, above: tuple[_Identity, ...]) -> Iterator[Artifact]:
        try:
            with os.scandir(path) as listing:
                names = sorted(entry.name for entry in listing)
        except OSError:
            yield _unreadable(path)
            return
        for name in names:
            below = os.path.join(path, name)
            if below in self._taken:
                continue
            try:
                found = os.stat(below)
            except FileNotFoundError:
                if os.path.lexists(below):  # a link to nothing; else it has gone since it was listed
                    yield _unreadable(below)
                continue
            except OSError:
                yield _unreadable(below)
                continue
            identity = _identity(found)
            if stat.S_ISREG(found.st_mode):
                yield _artifact(below, found)
            elif stat.S_ISDIR(found.st_mode) and identity not in self._excluded and identity not in above:
                yield from self._directory(below, (*above, identity))

    def _is_excluded(self, path: str) -> bool:
        """Whether *path* lies in a directory that is not to be entered."""
        if not self._excluded:
            return False
        for parent in Path(os.path.abspath(path)).parents:
            try:
                if _identity(os.stat(parent)) in self._excluded:
                    return True
            except OSError:  # cannot be looked at, so that nothing was found in it either
                continue
        return False


def _artifact(path: str, found: os.stat_result) -> Artifact:
    version = f"{found.st_dev}-{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"
    return Artifact(path, version, size=found.st_size, content=Path(path))


def _unreadable(path: str) -> Artifact:
    """An artifact that fails when it is opened, with the operating system's reason."""
    return Artifact(path, content=Path(path))


def _identity(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino
