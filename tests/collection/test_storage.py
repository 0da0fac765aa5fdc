"""The seam to the disk."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import attrs
import pytest

from tailpipe_rx.storage import DISK, Part, Storage, blocks, failure


@attrs.frozen
class WithoutLinks(Storage):
    """A file system that knows no hard links."""

    def link(self, path: Path, final: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(path))


@attrs.frozen
class OneByteAtATime(Storage):
    def write(self, fd: int, data: bytes | memoryview) -> int:
        return os.write(fd, data[:1])


def _part(directory: Path, data: bytes = b"{}\n", storage: Storage = DISK) -> Path:
    part = Part(storage, directory / "x.part")
    part.write(data)
    part.finish()
    return part.path


@pytest.mark.parametrize("storage", [DISK, WithoutLinks()], ids=["with links", "without links"])
def test_a_published_file_has_its_name_and_no_other(storage: Storage, tmp_path: Path) -> None:
    storage.publish(_part(tmp_path), tmp_path / "x.jsonl")
    assert storage.names(tmp_path) == ["x.jsonl"]
    assert (tmp_path / "x.jsonl").read_bytes() == b"{}\n"


@pytest.mark.parametrize("storage", [DISK, WithoutLinks()], ids=["with links", "without links"])
def test_nothing_is_replaced_by_publishing(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"somebody's")
    part = _part(tmp_path)
    with pytest.raises(FileExistsError) as raised:
        storage.publish(part, tmp_path / "x.jsonl")
    assert (tmp_path / "x.jsonl").read_bytes() == b"somebody's"
    assert "exists already and is never replaced" in str(failure(tmp_path / "x.jsonl", raised.value))


def test_another_error_of_linking_is_no_reason_to_rename(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DISK.publish(_part(tmp_path), tmp_path / "absent" / "x.jsonl")


def test_files_and_directories_are_for_their_owner_only(tmp_path: Path) -> None:
    DISK.make_directory(tmp_path / "a" / "b")
    DISK.publish(_part(tmp_path / "a"), tmp_path / "a" / "x.jsonl")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "a/x.jsonl")]
    assert modes == [0o700, 0o700, 0o600]


def test_a_directory_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    DISK.make_directory(tmp_path / "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o755


def test_a_file_in_the_place_of_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        DISK.make_directory(tmp_path / "a")


def test_a_part_is_never_somebody_elses_file(tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(b"")
    with pytest.raises(FileExistsError):
        Part(DISK, tmp_path / "x.part")


def test_all_is_written_however_little_a_write_takes(tmp_path: Path) -> None:
    assert _part(tmp_path, b"abc\n" * 100, OneByteAtATime()).read_bytes() == b"abc\n" * 100


def test_a_discarded_part_is_gone_and_may_be_discarded_again(tmp_path: Path) -> None:
    part = Part(DISK, tmp_path / "x.part")
    part.discard()
    part.discard()
    assert DISK.names(tmp_path) == []


def test_a_failure_says_what_where_and_how_much_room_there_is(tmp_path: Path) -> None:
    text = str(failure(tmp_path / "absent" / "x", OSError(errno.ENOSPC, "No space left on device")))
    assert text.startswith(f"cannot write {tmp_path}/absent/x: No space left on device; ")
    assert text.endswith(" bytes free on its file system")
    assert (
        str(failure(tmp_path, OSError(errno.EACCES, "Permission denied")))
        == f"cannot write {tmp_path}: Permission denied"
    )


def test_exactly_so_many_bytes_are_taken_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0123456789")
    assert b"".join(blocks(tmp_path / "x", 4)) == b"0123"
    with pytest.raises(EOFError, match="2 bytes shorter"):
        list(blocks(tmp_path / "x", 12))


def test_the_names_of_an_absent_directory_are_none(tmp_path: Path) -> None:
    assert DISK.names(tmp_path / "absent") == []
    DISK.remove(tmp_path / "absent")
    DISK.remove_tree(tmp_path / "absent")
