"""Rows into chunks, from facts made by hand."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import attrs
import pytest
import reactivex
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import Observable

from tailpipe_rx.collection.chunks import write_chunks
from tailpipe_rx.collection.facts import Begun, Counted, Encoded, Item, Quarantined
from tailpipe_rx.errors import CollectionFailed
from tailpipe_rx.events import TICK, Artifact, ChunkWritten, Rejected, RowsQuarantined
from tailpipe_rx.operators.pull import pull
from tailpipe_rx.storage import DISK, Storage

A = Artifact("a")
BAD = Rejected(b"?", "no row", 0)


def encoded(first: int, count: int) -> Encoded:
    lines = b"".join(b'{"n":%d}\n' % n for n in range(first, first + count))
    return Encoded(A, count, lines, len(lines))


def in_a_file(work: Path, first: int, count: int, chunk_rows: int) -> Encoded:
    """As a worker leaves it."""
    fact = encoded(first, count)
    assert isinstance(fact.lines, bytes)
    path = work / f"{first}.part"
    path.write_bytes(fact.lines)
    return Encoded(A, count, path, fact.size, count == chunk_rows)


def quarantined(count: int = 1) -> Quarantined:
    return Quarantined(A, count, BAD, b'{"bad":1}\n' * count, 10 * count)


def written(into: Path, *facts: Item, chunk_rows: int = 3, storage: Storage = DISK) -> list[Any]:
    """What comes out behind *facts*."""
    return told(into, pull(lambda: facts), chunk_rows, storage)


def told(into: Path, facts: Observable[Item], chunk_rows: int = 3, storage: Storage = DISK) -> list[Any]:
    (into / ".work").mkdir(exist_ok=True)
    out: list[Any] = []
    write_chunks(into, "x", chunk_rows, storage)(facts).subscribe(out.append, out.append, lambda: out.append("|"))
    return out


def numbers(into: Path, chunk: int) -> list[int]:
    return [json.loads(line)["n"] for line in (into / f"x-{chunk}.jsonl").read_bytes().splitlines()]


def test_a_chunk_is_announced_when_it_is_full(tmp_path: Path) -> None:
    assert written(tmp_path, encoded(0, 3), Counted(A, 3, 3, 0)) == [ChunkWritten(0, 3), Counted(A, 3, 3, 0), "|"]
    assert numbers(tmp_path, 0) == [0, 1, 2]


def test_the_last_chunk_holds_what_is_left(tmp_path: Path) -> None:
    assert written(tmp_path, encoded(0, 2), encoded(2, 2)) == [ChunkWritten(0, 3), ChunkWritten(1, 1), "|"]
    assert numbers(tmp_path, 1) == [3]


def test_no_rows_make_no_chunk(tmp_path: Path) -> None:
    assert written(tmp_path, Begun(A), TICK) == [Begun(A), TICK, "|"]
    assert DISK.names(tmp_path) == [".work"]


@pytest.mark.parametrize("chunk_rows", [1, 7, 1000, 10_000])
def test_every_chunk_but_the_last_has_exactly_so_many_rows(chunk_rows: int, tmp_path: Path) -> None:
    total = 3 * chunk_rows + chunk_rows // 2
    facts = [encoded(first, min(997, total - first)) for first in range(0, total, 997)]
    events = written(tmp_path, *facts, chunk_rows=chunk_rows)
    expected = [ChunkWritten(n, chunk_rows) for n in range(3)]
    expected += [ChunkWritten(3, chunk_rows // 2)] if chunk_rows > 1 else []
    assert events == [*expected, "|"]
    assert [n for event in expected for n in numbers(tmp_path, event.number)] == list(range(total))


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=12),
    chunk_rows=st.integers(1, 7),
)
def test_no_row_is_lost_or_doubled_however_they_come(sizes: list[tuple[int, bool]], chunk_rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        into = Path(name)
        (into / ".work").mkdir()
        facts: list[Item] = []
        first = 0
        for count, file in sizes:
            whole, rest = divmod(count, chunk_rows) if file else (0, count)
            for _ in range(whole):
                facts.append(in_a_file(into / ".work", first, chunk_rows, chunk_rows))
                first += chunk_rows
            if rest and file:
                facts.append(in_a_file(into / ".work", first, rest, chunk_rows))
            elif rest:
                facts.append(encoded(first, rest))
            first += rest
        events = written(into, *facts, chunk_rows=chunk_rows)
        made = [event for event in events if isinstance(event, ChunkWritten)]
        assert [event.number for event in made] == list(range(len(made)))
        assert all(event.rows == chunk_rows for event in made[:-1]) and all(0 < e.rows <= chunk_rows for e in made)
        assert sorted(n for e in made for n in numbers(into, e.number)) == list(range(first))
        assert all(len(numbers(into, e.number)) == e.rows for e in made)
        assert DISK.names(into / ".work") == []


def test_a_workers_file_of_a_whole_chunk_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()
    fact = in_a_file(tmp_path / ".work", 10, 3, 3)
    assert isinstance(fact.lines, Path)
    inode = fact.lines.stat().st_ino
    assert written(tmp_path, encoded(0, 2), fact) == [ChunkWritten(0, 3), ChunkWritten(1, 2), "|"]
    assert (tmp_path / "x-0.jsonl").stat().st_ino == inode
    assert numbers(tmp_path, 1) == [0, 1]


def test_lines_longer_than_a_block_are_cut_at_a_row_too(tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()
    line = b'{"n":1,"long":"%s"}\n' % (b"x" * 1_500_000)
    path = tmp_path / ".work" / "long.part"
    path.write_bytes(line * 2)
    fact = Encoded(A, 2, path, 2 * len(line))
    assert written(tmp_path, encoded(0, 2), fact) == [ChunkWritten(0, 3), ChunkWritten(1, 1), "|"]
    assert numbers(tmp_path, 0) == [0, 1, 1] and numbers(tmp_path, 1) == [1]


@pytest.mark.parametrize("count", [2, 3], ids=["a remainder", "a whole chunk"])
def test_a_workers_file_that_is_shorter_than_it_said_ends_the_collection(count: int, tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()
    fact = attrs.evolve(in_a_file(tmp_path / ".work", 0, count, 3), size=1000)
    (error,) = written(tmp_path, fact)
    assert isinstance(error, CollectionFailed) and "part" in str(error)
    assert not list(tmp_path.glob("*.jsonl"))


def test_only_what_a_worker_reported_is_taken_of_its_file(tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()
    fact = in_a_file(tmp_path / ".work", 0, 2, 3)
    assert isinstance(fact.lines, Path)
    fact.lines.write_bytes(fact.lines.read_bytes() + b"torn")
    assert written(tmp_path, fact) == [ChunkWritten(0, 2), "|"]
    assert numbers(tmp_path, 0) == [0, 1]


def test_rejected_records_lie_beside_the_chunk_that_was_open(tmp_path: Path) -> None:
    events = written(tmp_path, encoded(0, 3), quarantined(), encoded(3, 2), quarantined(2))
    one, two = RowsQuarantined(A, 1, BAD), RowsQuarantined(A, 2, BAD)
    assert events == [ChunkWritten(0, 3), one, two, ChunkWritten(1, 2), "|"]
    assert DISK.names(tmp_path / "quarantine") == ["x-1.rejected.jsonl"]
    assert (tmp_path / "quarantine" / "x-1.rejected.jsonl").read_bytes() == b'{"bad":1}\n' * 3


def test_rejected_records_are_durable_before_their_chunk_is_there(tmp_path: Path) -> None:
    recorded = Recording()
    written(tmp_path, quarantined(), encoded(0, 3), storage=recorded)
    assert recorded.steps == [
        "sync",  # the rows
        "sync",  # the rejected records
        f"sync directory {tmp_path.name}",  # which holds the quarantine now
        "link x-0.rejected.jsonl",
        "sync directory quarantine",
        "link x-0.jsonl",
        f"sync directory {tmp_path.name}",
    ]


def test_rejected_records_at_the_end_get_the_next_number(tmp_path: Path) -> None:
    written(tmp_path, encoded(0, 3), quarantined())
    assert DISK.names(tmp_path / "quarantine") == ["x-1.rejected.jsonl"]
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


def test_rejected_records_in_a_workers_file_are_moved_in(tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()
    path = tmp_path / ".work" / "1.rejected.part"
    path.write_bytes(b'{"bad":1}\n{"to')
    written(tmp_path, Quarantined(A, 1, BAD, path, 10))
    assert (tmp_path / "quarantine" / "x-0.rejected.jsonl").read_bytes() == b'{"bad":1}\n'
    assert DISK.names(tmp_path / ".work") == []


def test_an_error_of_the_source_comes_after_the_rows_before_it(tmp_path: Path) -> None:
    broken = reactivex.concat(pull(lambda: [encoded(0, 2)]), reactivex.throw(ValueError("x")))
    events = told(tmp_path, broken)
    assert events[0] == ChunkWritten(0, 2) and isinstance(events[1], ValueError) and len(events) == 2


def test_a_taken_name_ends_the_collection_and_stays(tmp_path: Path) -> None:
    (tmp_path / "x-0.jsonl").write_bytes(b"somebody's")
    (error,) = written(tmp_path, encoded(0, 3), encoded(3, 3))
    assert isinstance(error, CollectionFailed) and "never replaced" in str(error)
    assert (tmp_path / "x-0.jsonl").read_bytes() == b"somebody's"


@attrs.frozen
class Recording(Storage):
    """Remembers what was asked for."""

    steps: list[str] = attrs.field(factory=list, hash=False)

    def link(self, path: Path, final: Path) -> None:
        self.steps.append(f"link {final.name}")
        super().link(path, final)

    def sync(self, fd: int) -> None:
        self.steps.append("sync")
        super().sync(fd)

    def sync_directory(self, path: Path) -> None:
        self.steps.append(f"sync directory {path.name}")
        super().sync_directory(path)


@attrs.frozen
class Full(Storage):
    """A disk with room for so many bytes."""

    room: int
    used: list[int] = attrs.field(factory=list, hash=False)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        left = self.room - sum(self.used)
        if left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.used.append(min(left, len(data)))
        return super().write(fd, data[:left])


@attrs.frozen
class FailsTo(Storage):
    """One operation fails."""

    operation: str

    def sync(self, fd: int) -> None:
        self._maybe("sync")
        super().sync(fd)

    def create(self, path: Path) -> int:
        self._maybe("create")
        return super().create(path)

    def link(self, path: Path, final: Path) -> None:
        self._maybe("link")
        super().link(path, final)

    def sync_directory(self, path: Path) -> None:
        self._maybe("sync_directory")
        super().sync_directory(path)

    def _maybe(self, operation: str) -> None:
        if operation == self.operation:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_full_disk_is_one_error_with_place_and_room(tmp_path: Path) -> None:
    events = written(tmp_path, encoded(0, 3), encoded(3, 3), encoded(6, 3), storage=Full(40))
    assert events[0] == ChunkWritten(0, 3)
    assert len(events) == 2 and isinstance(events[1], CollectionFailed)
    assert str(events[1]).startswith(f"cannot write {tmp_path}/.work/x.part: No space left on device; ")
    assert DISK.names(tmp_path / ".work") == []


@pytest.mark.parametrize("operation", ["create", "sync", "link", "sync_directory"])
def test_any_operation_that_fails_ends_the_collection_once(operation: str, tmp_path: Path) -> None:
    pulled: list[int] = []

    def facts() -> Any:
        for n in range(5):
            pulled.append(n)
            yield encoded(3 * n, 3)

    (error,) = told(tmp_path, pull(facts), storage=FailsTo(operation))
    assert isinstance(error, CollectionFailed) and "Input/output error" in str(error)
    assert pulled == [0]


def test_what_the_subscriber_raises_is_raised_to_it_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()

    def fail(event: object) -> None:
        raise OSError("mine")

    def facts() -> Any:
        yield quarantined()

    with pytest.raises(OSError, match=r"^mine$"):
        write_chunks(tmp_path, "x", 3)(pull(facts)).subscribe(fail)
    with pytest.raises(OSError, match=r"^mine$"):
        write_chunks(tmp_path, "y", 3)(pull(lambda: [encoded(0, 5)])).subscribe(fail)
    assert DISK.names(tmp_path / ".work") == []
