"""A collection as its user sees it: events in, chunks out, in this process."""

from __future__ import annotations

import errno
import gzip
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from collecting import (
    CHAIN,
    EVEN,
    Broken,
    Counting,
    Line,
    Memory,
    artifacts,
    chunks,
    collection,
    nothing_left_behind,
    only,
    rows,
    run,
    text,
    without_status,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex.scheduler import NewThreadScheduler

from tailpipe_rx.errors import AlreadyRunning, UsageError
from tailpipe_rx.events import (
    Artifact,
    ArtifactDiscovered,
    ArtifactExtracted,
    ArtifactFailed,
    ChunkWritten,
    Completed,
    Event,
    Rejected,
    RowsQuarantined,
    Started,
    Status,
)
from tailpipe_rx.extractors.json import json_lines
from tailpipe_rx.loaders.load import load
from tailpipe_rx.operators.elements import Batch, Content
from tailpipe_rx.operators.extractor import extractor
from tailpipe_rx.operators.lifted import map as map_rows
from tailpipe_rx.operators.operator import operator
from tailpipe_rx.operators.pipe import pipe
from tailpipe_rx.operators.runner import drain, share
from tailpipe_rx.storage import Storage


def test_its_events_tell_the_story_in_order(tmp_path: Path) -> None:
    one, two = artifacts(3, 2)
    made = collection(Memory((one, two)), tmp_path, execution_id="x", chunk_rows=4)
    assert without_status(run(made)) == [
        Started("x"),
        ArtifactDiscovered(one),
        ArtifactExtracted(one, 3, 3, 0),
        ArtifactDiscovered(two),
        ChunkWritten(0, 4),
        ArtifactExtracted(two, 2, 2, 0),
        ChunkWritten(1, 1),
        Completed("x", 5, 2),
    ]
    assert [row["word"] for row in rows(tmp_path)] == ["w0", "w0", "w0", "w1", "w1"]
    assert nothing_left_behind(tmp_path)


def test_nothing_happens_before_somebody_subscribes(tmp_path: Path) -> None:
    source = Counting(3)
    collection(source, tmp_path / "out")
    assert source.pulled == [] and not (tmp_path / "out").exists()


def test_the_last_status_comes_before_the_end_and_counts_everything(tmp_path: Path) -> None:
    events = run(collection(Memory(artifacts(3, 2, bad=[1])), tmp_path, chain=EVEN, chunk_rows=2))
    assert isinstance(events[0], Started) and isinstance(events[-1], Completed)
    last = events[-2]
    assert isinstance(last, Status)
    assert (last.discovered, last.extracted, last.failed, last.received) == (2, 2, 0, 5)
    assert (last.enriched, last.quarantined, last.filtered, last.rows, last.chunks) == (3, 2, 0, 3, 2)


@settings(max_examples=15, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 30), max_size=6),
    bad=st.sets(st.integers(0, 30), max_size=5),
    chunk_rows=st.integers(1, 12),
    filtered=st.booleans(),
)
def test_what_is_received_is_in_a_chunk_in_the_quarantine_or_filtered(
    sizes: list[int], bad: set[int], chunk_rows: int, filtered: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        into = Path(name)
        chain = EVEN if filtered else CHAIN
        events = run(collection(Memory(artifacts(*sizes, bad=bad)), into, chain=chain, chunk_rows=chunk_rows))
        ends = only(ArtifactExtracted, events)
        last = only(Status, events)[-1]
        assert last.received == sum(sizes) == sum(end.received for end in ends)
        assert last.enriched == sum(end.enriched for end in ends) == len(rows(into)) == last.rows
        assert last.quarantined == sum(event.count for event in only(RowsQuarantined, events))
        assert last.filtered == sum(end.filtered for end in ends)
        assert [event.rows for event in only(ChunkWritten, events)] == [
            len(found) for _, found in sorted(chunks(into).items())
        ]
        assert len({row["tp_id"] for row in rows(into)}) == len(rows(into))


@pytest.mark.parametrize(("total", "chunk_rows"), [(300, 1), (2501, 7), (2501, 500), (10_001, 10_000)])
def test_chunks_hold_exactly_so_many_rows(total: int, chunk_rows: int, tmp_path: Path) -> None:
    run(collection(Memory(artifacts(total)), tmp_path, chunk_rows=chunk_rows))
    found = chunks(tmp_path)
    full, rest = divmod(total, chunk_rows)
    assert [len(found[n]) for n in sorted(found)] == [chunk_rows] * full + [rest] * bool(rest)


def test_an_execution_is_named_after_its_time_unless_it_has_a_name(tmp_path: Path) -> None:
    made = collection(Memory(artifacts(1)), tmp_path)
    assert made.execution_id == ""
    events = run(made)
    assert re.fullmatch(r"20\d{6}T\d{6}[0-9a-z]{6}", made.execution_id)
    assert events[0] == Started(made.execution_id)
    assert [path.name for path in tmp_path.glob("*.jsonl")] == [f"{made.execution_id}-0.jsonl"]


@pytest.mark.parametrize("bad", ["-x", "a/b", "ä", "x" * 129, "a b"])
def test_an_execution_id_that_is_no_file_name_is_refused(bad: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="execution id"):
        collection(Memory(), tmp_path, execution_id=bad)


@pytest.mark.parametrize("wrong", [{"chunk_rows": 0}, {"workers": -3}, {"max_in_flight": 0}])
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=str(next(iter(wrong.values())))):
        collection(Memory(), tmp_path, **wrong)


def test_all_rows_of_a_run_have_one_time_of_ingestion(tmp_path: Path) -> None:
    run(collection(Memory(artifacts(2, 2)), tmp_path))
    assert len({row["tp_ingest_timestamp"] for row in rows(tmp_path)}) == 1


def test_tp_id_tells_the_members_of_an_archive_apart(tmp_path: Path) -> None:
    run(collection(Memory(artifacts(4)), tmp_path, chain=pipe(load(), json_lines(Line), in_two_members())))
    ids = {row["tp_id"] for row in rows(tmp_path)}
    assert len({one.split("-")[0] for one in ids}) == 2 and len(ids) == 4


@operator
def in_two_members(source: Any) -> Any:
    from tailpipe_rx.operators.pull import each

    def split(batch: Batch[Any]) -> Iterator[Batch[Any]]:
        yield attrs.evolve(batch, rows=batch.rows[:2], numbers=batch.numbers[:2], received=2, member="one")
        yield attrs.evolve(batch, rows=batch.rows[2:], numbers=batch.numbers[:2], received=2, member="two")

    return each(source, split)


# --- what goes wrong ------------------------------------------------------------------------------------------------


@extractor
def cut_off(content: Content) -> Iterator[Line | Rejected]:
    for piece in content:
        for line in piece.splitlines():
            yield from _line(line)
    raise ValueError("no end of it")


def _line(line: bytes) -> Iterator[Line | Rejected]:
    from datetime import UTC, datetime

    yield Line(time=datetime(2026, 1, 2, tzinfo=UTC), word=line.decode()[:3])


def test_an_artifact_that_ends_badly_keeps_what_came_before(tmp_path: Path) -> None:
    events = run(collection(Memory(artifacts(3, 2)), tmp_path, chain=pipe(load(), cut_off())))
    one, two = only(ArtifactFailed, events)
    assert (one.rows, two.rows) == (3, 2)
    assert one.error.startswith("ValueError: no end of it (test_collection.py:")
    assert len(rows(tmp_path)) == 5
    assert events[-1] == Completed(events[0].execution_id, 5, 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_failure_says_whether_the_artifact_could_be_opened(workers: int, tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(gzip.compress(text(5))[:-1])
    source = Memory((Artifact("gone", content=tmp_path / "gone"), Artifact("cut", content=tmp_path / "cut")))
    failed = only(ArtifactFailed, run(collection(source, tmp_path / "out", workers=workers)))
    assert [(event.artifact.name, event.opened) for event in failed] == [("gone", False), ("cut", True)]


def test_a_source_that_breaks_off_ends_the_run_after_the_rows_before_it(tmp_path: Path) -> None:
    events = run(collection(Broken(artifacts(3)), tmp_path))
    assert isinstance(events[-2], Status)
    assert events[-1] == Completed(events[0].execution_id, 3, 1, events[-1].error)  # type: ignore[attr-defined]
    assert str(events[-1].error).startswith("the listing broke off")  # type: ignore[attr-defined]
    assert len(rows(tmp_path)) == 3 and nothing_left_behind(tmp_path)


def test_a_chain_that_ends_in_no_rows_ends_the_run_at_once(tmp_path: Path) -> None:
    source = Counting(1000)
    events = run(collection(source, tmp_path, chain=load()))
    assert "table line: its chain ends in Content, not in batches of rows" in str(only(Completed, events)[0].error)
    assert source.pulled == [0] and source.closed == [True]


def length_of(line: Line) -> int:
    return len(line.word)


def test_a_chain_that_ends_in_rows_of_another_kind_ends_the_run_at_once(tmp_path: Path) -> None:
    source = Counting(1000)
    events = run(collection(source, tmp_path, chain=pipe(load(), json_lines(Line), map_rows(length_of))))
    assert "table line: the chain ends in int, not in rows" in str(only(Completed, events)[0].error)
    assert source.pulled == [0] and source.closed == [True]


@operator
def out_of_memory(source: Any) -> Any:
    from tailpipe_rx.operators.pull import each

    def fail(_: object) -> Iterator[Any]:
        raise MemoryError
        yield

    return each(source, fail)


def test_an_artifact_is_not_to_blame_when_memory_runs_out(tmp_path: Path) -> None:
    source = Counting(1000)
    events = run(collection(source, tmp_path, chain=out_of_memory()))
    assert only(Completed, events)[0].error == "out of memory in n0"
    assert source.pulled == [0]


@attrs.frozen
class FullDisk(Storage):
    """Has room for so many bytes of rows."""

    room: int
    used: list[int] = attrs.field(factory=list, hash=False)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        if sum(self.used) + len(data) > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.used.append(len(data))
        return super().write(fd, data)


@pytest.mark.parametrize("executor", ["here", "workers"])
def test_a_full_disk_ends_the_run_with_what_is_whole(executor: str, tmp_path: Path) -> None:
    source = Counting(1000, lines=10)
    more: dict[str, Any] = {"workers": 2} if executor == "workers" else {}
    events = run(collection(source, tmp_path, chunk_rows=10, storage=FullDisk(9000), **more))
    end = only(Completed, events)[0]
    assert "No space left on device" in str(end.error) and "bytes free" in str(end.error)
    assert len(rows(tmp_path)) == end.rows and end.chunks == len(chunks(tmp_path))
    assert len(source.pulled) < 100 and nothing_left_behind(tmp_path)


def test_a_real_limit_on_file_size_is_one_clear_error(tmp_path: Path) -> None:
    program = """
        import resource, signal, sys
        from pathlib import Path
        from collecting import *
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        print(run(collection(Memory(artifacts(5000)), Path(sys.argv[1])))[-1])
    """
    done = _python(program, str(tmp_path / "out"))
    assert done.returncode == 0 and done.stderr == ""
    assert "rows=0, chunks=0" in done.stdout and "File too large" in done.stdout
    assert nothing_left_behind(tmp_path / "out") and not list((tmp_path / "out").glob("*.jsonl"))


def _python(program: str, *args: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *args],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        **more,
    )


# --- who listens ----------------------------------------------------------------------------------------------------


def test_a_loop_sees_every_event(tmp_path: Path) -> None:
    events = list(collection(Memory(artifacts(3)), tmp_path))
    assert isinstance(events[0], Started) and events[-1] == Completed(events[0].execution_id, 3, 1)


def test_leaving_the_loop_stops_the_run_cleanly(tmp_path: Path) -> None:
    source = Counting(100_000, lines=3)
    for event in collection(source, tmp_path, chunk_rows=5):
        if isinstance(event, ChunkWritten):
            break
    assert len(source.pulled) < 20 and source.closed == [True]
    assert len(rows(tmp_path)) >= 5 and nothing_left_behind(tmp_path)
    assert threading.active_count() == 1


def test_a_run_cannot_be_subscribed_to_while_it_runs(tmp_path: Path) -> None:
    made = collection(Memory(artifacts(1)), tmp_path)
    refused: list[str] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Completed):
            return
        with pytest.raises(AlreadyRunning) as raised:
            made.subscribe(lambda _: None, lambda _: None)
        with pytest.raises(AlreadyRunning):
            next(iter(made))
        refused.append(str(raised.value))

    made.subscribe(on_event)
    assert refused[0] == f"collection {made.execution_id} is running; ops.share() lets several observers see one run"
    assert len(rows(tmp_path)) == 1


def test_it_may_be_run_again_when_it_has_ended(tmp_path: Path) -> None:
    made = collection(Memory(), tmp_path)
    first, second = run(made), run(made)
    assert first[0] != second[0] and isinstance(second[-1], Completed)


def test_two_observers_share_one_run(tmp_path: Path) -> None:
    source = Counting(3)
    shared = collection(source, tmp_path).pipe(share())
    one: list[Event] = []
    two: list[Event] = []
    shared.subscribe(one.append)
    shared.subscribe(two.append)
    assert one == two and isinstance(one[-1], Completed)
    assert source.pulled == [0, 1, 2]


def test_what_the_subscriber_raises_is_raised_to_it(tmp_path: Path) -> None:
    source = Counting(1000, lines=4)
    seen: list[Event] = []

    def on_event(event: Event) -> None:
        seen.append(event)
        if isinstance(event, ChunkWritten):
            raise OSError("mine")

    made = collection(source, tmp_path, chunk_rows=5)
    with pytest.raises(OSError, match=r"^mine$"):
        made.subscribe(on_event, seen.append, lambda: seen.append(None))  # type: ignore[arg-type]
    assert isinstance(seen[-1], ChunkWritten)
    assert len(source.pulled) == 2 and source.closed == [True]
    assert nothing_left_behind(tmp_path)


@pytest.mark.parametrize("kind", [Started, ArtifactDiscovered, ArtifactExtracted, Status, Completed])
def test_the_subscriber_may_raise_at_any_event(kind: type[Event], tmp_path: Path) -> None:
    def on_event(event: Event) -> None:
        if isinstance(event, kind):
            raise ValueError("mine")

    made = collection(Memory(artifacts(3)), tmp_path)
    with pytest.raises(ValueError, match=r"^mine$"):
        drain(made, on_event)
    assert nothing_left_behind(tmp_path)


def test_a_run_is_over_for_others_when_its_end_is_told(tmp_path: Path) -> None:
    again: list[Event] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Completed):
            collection(Memory(artifacts(2)), tmp_path).subscribe(again.append)

    collection(Memory(), tmp_path).subscribe(on_event)
    assert isinstance(again[-1], Completed) and len(rows(tmp_path)) == 2


def test_it_runs_on_the_scheduler_it_is_given(tmp_path: Path) -> None:
    ended = threading.Event()
    seen: list[int] = []
    collection(Memory(artifacts(3)), tmp_path).subscribe(
        lambda _: seen.append(threading.get_ident()), on_completed=ended.set, scheduler=NewThreadScheduler()
    )
    assert ended.wait(10)
    assert set(seen) != {threading.get_ident()} and len(set(seen)) == 1


def test_ctrl_c_clears_up_and_is_raised(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        from pathlib import Path
        from collecting import *
        from tailpipe_rx.operators.operator import operator
        from tailpipe_rx.operators.lifted import do_action
        @operator
        def interrupted(source):
            return do_action(lambda line: line.number == 5 and os.kill(os.getpid(), signal.SIGINT))(source)
        events = []
        made = collection(Memory(artifacts(9)), Path(sys.argv[1]), pipe(load(), json_lines(Line), interrupted()))
        try:
            made.subscribe(events.append)
        except KeyboardInterrupt:
            print([type(event).__name__ for event in events], events[-1].error)
            assert nothing_left_behind(Path(sys.argv[1]))
    """
    done = _python(program, str(tmp_path / "out"))
    assert done.stderr == "" and done.stdout.startswith("['Started', 'ArtifactDiscovered', 'Completed'] KeyboardInterr")


@attrs.frozen
class Fetching(Memory):
    """Brings the content on a thread."""

    def fetch(self, artifact: Artifact) -> Artifact:
        if artifact.name == "a1":
            raise ConnectionError("the line is dead")
        return attrs.evolve(artifact, content=text(2, f"t{threading.get_ident() != threading.main_thread().ident}"))


@pytest.mark.parametrize("workers", [0, 1])
def test_content_is_fetched_on_threads_and_told(workers: int, tmp_path: Path) -> None:
    made = collection(Fetching(artifacts(0, 0, 0)), tmp_path, workers=workers)
    events = run(made)
    assert [event.artifact.name for event in only(ArtifactExtracted, events)] == ["a0", "a2"]
    (failed,) = only(ArtifactFailed, events)
    assert failed.artifact.name == "a1" and failed.error.startswith("the line is dead") and failed.rows == 0
    assert {row["word"] for row in rows(tmp_path)} == {"tTrue"}
    assert only(Status, events)[-1].downloaded == 2 and only(Status, events)[-1].discovered == 3
    ends = [e.artifact.name for e in events if isinstance(e, ArtifactExtracted | ArtifactFailed)]
    assert ends == ["a0", "a1", "a2"]
    assert nothing_left_behind(tmp_path) and threading.active_count() == 1


@attrs.frozen(eq=False)
class CountingFetches(Counting):
    def fetch(self, artifact: Artifact) -> Artifact:
        return artifact


def test_no_more_is_fetched_ahead_than_was_said(tmp_path: Path) -> None:
    source = CountingFetches(1000)
    ahead: list[int] = []

    def on_event(event: Event) -> None:
        if isinstance(event, ArtifactExtracted):
            ahead.append(len(source.pulled) - len(ahead))

    collection(source, tmp_path, max_in_flight=3).subscribe(on_event)
    assert max(ahead) <= 4 and len(ahead) == 1000
