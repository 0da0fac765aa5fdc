"""The same rows, wherever they are made."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from collecting import (
    CHAIN,
    EVEN,
    EXITS,
    KILLS,
    NOW,
    Counting,
    Line,
    Memory,
    artifacts,
    chunks,
    collection,
    nothing_left_behind,
    only,
    rejects,
    rows,
    run,
    without_status,
)

from tailpipe_rx.collection.facts import Counted, Encoded, Quarantined
from tailpipe_rx.collection.work import Work
from tailpipe_rx.errors import NotPicklable
from tailpipe_rx.events import (
    ArtifactDiscovered,
    ArtifactExtracted,
    ArtifactFailed,
    ChunkWritten,
    Completed,
    Event,
    RowsQuarantined,
    Started,
    Status,
)
from tailpipe_rx.extractors.json import json_lines
from tailpipe_rx.loaders.load import load
from tailpipe_rx.operators.lifted import filter, map
from tailpipe_rx.operators.pipe import pipe

Made = Callable[..., list[Event]]
SIZES = (5, 0, 1203, 1, 1000, 40)


def spawned(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def on_threads(*args: Any, **more: Any) -> list[Event]:
    with ThreadPoolExecutor(2) as pool:
        return run(collection(*args, executor=pool, **more))


def on_a_pool(*args: Any, **more: Any) -> list[Event]:
    with spawned(1) as pool:
        return run(collection(*args, executor=pool, **more))


def with_workers(*args: Any, **more: Any) -> list[Event]:
    return run(collection(*args, workers=2, **more))


EVERYWHERE = pytest.mark.parametrize("made", [on_threads, on_a_pool, with_workers])


def told(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(sorted((k, v) for k, v in row.items() if k != "tp_ingest_timestamp"))


@pytest.mark.parametrize("chunk_rows", [17, 1000, 10_000])
@EVERYWHERE
def test_rows_and_their_ids_are_those_made_here(made: Made, chunk_rows: int, tmp_path: Path) -> None:
    source = Memory(artifacts(*SIZES, bad=[3, 1001]))
    here = run(collection(source, tmp_path / "here", chunk_rows=chunk_rows))
    there = made(source, tmp_path / "there", chunk_rows=chunk_rows)
    assert {told(row) for row in rows(tmp_path / "here")} == {told(row) for row in rows(tmp_path / "there")}
    assert len(rows(tmp_path / "there")) == len(rows(tmp_path / "here"))
    assert only(ArtifactExtracted, here) == only(ArtifactExtracted, there)
    assert only(ChunkWritten, here) == only(ChunkWritten, there)
    found = chunks(tmp_path / "there")
    assert [len(found[n]) for n in sorted(found)] == [event.rows for event in only(ChunkWritten, there)]
    assert _kept(tmp_path / "here") == _kept(tmp_path / "there")
    assert sum(e.count for e in only(RowsQuarantined, here)) == sum(e.count for e in only(RowsQuarantined, there))
    one, two = only(Status, here)[-1], only(Status, there)[-1]
    assert (one.received, one.enriched, one.quarantined, one.rows) == (
        two.received,
        two.enriched,
        two.quarantined,
        two.rows,
    )
    assert one.bytes == two.bytes
    assert nothing_left_behind(tmp_path / "there")


def _kept(into: Path) -> set[tuple[Any, ...]]:
    return {
        (bad["artifact"], bad["record"], bad["raw"], bad["reason"]) for found in rejects(into).values() for bad in found
    }


@EVERYWHERE
def test_the_ends_of_artifacts_come_in_the_order_in_which_they_were_found(made: Made, tmp_path: Path) -> None:
    events = made(Memory(artifacts(*range(20, 0, -1))), tmp_path, chain=EVEN)
    found = [event.artifact.name for event in only(ArtifactDiscovered, events)]
    assert [event.artifact.name for event in only(ArtifactExtracted, events)] == found
    assert isinstance(events[0], Started) and isinstance(events[-1], Completed)
    last = only(Status, events)[-1]
    assert last.received == last.enriched + last.filtered == sum(range(21))


@EVERYWHERE
def test_the_source_is_pulled_no_further_ahead_than_was_said(made: Made, tmp_path: Path) -> None:
    source = Counting(60)
    made(source, tmp_path, max_in_flight=3)
    assert len(source.pulled) == 60
    ahead: list[int] = []
    more = Counting(60)

    def on_event(event: Event) -> None:
        if isinstance(event, ArtifactExtracted):
            ahead.append(len(more.pulled) - len(ahead))

    with ThreadPoolExecutor(2) as pool:
        collection(more, tmp_path / "b", executor=pool, max_in_flight=3).subscribe(on_event)
    assert max(ahead) <= 4


# --- what a worker hands over ---------------------------------------------------------------------------------------


def work(directory: Path, chain: Any = CHAIN, chunk_rows: int = 3) -> Work:
    directory.mkdir(exist_ok=True)
    (directory / "owner.json").write_text("{}")
    return Work(chain, "line", "default", None, "memory", NOW, directory, chunk_rows)


def test_a_worker_leaves_files_of_a_chunk_each_and_says_what_is_in_them(tmp_path: Path) -> None:
    (artifact,) = artifacts(7, bad=[4])
    facts = work(tmp_path / "w").to_parts(artifact, "000001")
    pieces = [fact for fact in facts if isinstance(fact, Encoded)]
    assert [(piece.rows, piece.full) for piece in pieces] == [(3, True), (3, True)]
    for piece in pieces:
        assert isinstance(piece.lines, Path)
        assert piece.lines.stat().st_size == piece.size
        assert piece.lines.read_bytes().count(b"\n") == piece.rows
    assert sum(f.received for f in facts if isinstance(f, Counted)) == 7
    (kept,) = [fact for fact in facts if isinstance(fact, Quarantined)]
    assert facts.index(kept) < facts.index(pieces[1]) and isinstance(kept.lines, Path)
    assert kept.lines.stat().st_size == kept.size and kept.count == 1
    assert facts[-1] == ArtifactExtracted(artifact, 7, 6, 1)


def test_a_worker_on_another_machine_hands_over_the_bytes(tmp_path: Path) -> None:
    far = work(tmp_path / "w")
    for path in (tmp_path / "w").iterdir():
        path.unlink()
    (tmp_path / "w").rmdir()
    facts = far.to_parts(artifacts(3, bad=[1])[0], "000001")
    assert all(isinstance(f.lines, bytes) for f in facts if isinstance(f, Encoded | Quarantined))
    assert [f.rows for f in facts if isinstance(f, Encoded)] == [2]


def test_a_worker_leaves_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    given_up = work(tmp_path / "w")
    given_up.abandon()
    facts = given_up.to_parts(artifacts(50_000)[0], "000001")
    end = facts[-1]
    assert isinstance(end, ArtifactFailed) and end.rows < 5000


# --- what cannot be sent --------------------------------------------------------------------------------------------


def upper(line: Line) -> Line:
    return line


def _local() -> Callable[[Line], Line]:
    def inner(line: Line) -> Line:
        return line

    return inner


class _Lost:
    """Not to be found under its name."""


_Lost.__qualname__ = "Elsewhere"


@pytest.mark.parametrize(
    ("stage", "what"),
    [
        (filter(lambda line: True), r"the function <lambda> \(test_executors.py:\d+\) cannot be sent.*it is a lambda"),
        (map(_local()), r"the function _local.<locals>.inner \(test_executors.py:\d+\).*defined inside a function"),
        (map(functools.partial(_local())), r"the function _local.<locals>.inner \(test_executors.py:\d+\)"),
        (filter(open(os.devnull).close), r"table line: .* cannot be sent to a worker process \(cannot pickle"),
        (map(_Lost), r"the class Elsewhere .*there is no Elsewhere in module test_executors"),
    ],
    ids=["a lambda", "a local function", "inside a partial", "an open file", "a lost class"],
)
@EVERYWHERE
def test_what_cannot_be_sent_says_so_with_its_place(made: Made, stage: Any, what: str, tmp_path: Path) -> None:
    chain = pipe(load(), json_lines(Line), stage)
    if made is on_threads:
        assert isinstance(made(Memory(artifacts(1)), tmp_path, chain=chain)[-1], Completed)
        return
    with pytest.raises(NotPicklable, match=what) as raised:
        made(Memory(artifacts(1)), tmp_path / "out", chain=chain)
    assert "--workers 0" in str(raised.value)
    assert not (tmp_path / "out").exists()


# --- executors of the user's ----------------------------------------------------------------------------------------


class Direct(Executor):
    """Works at once, here: what it is given need not pickle."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_any_executor_will_do(tmp_path: Path) -> None:
    chain = pipe(load(), json_lines(Line), filter(lambda line: line.number != 1))
    run(collection(Memory(artifacts(3, 2)), tmp_path, chain, executor=Direct()))
    assert [row["number"] for row in rows(tmp_path)] == [0, 2, 0]


def test_an_executor_that_was_shut_down_is_one_clear_error(tmp_path: Path) -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    source = Counting(100)
    events = run(collection(source, tmp_path, executor=pool))
    assert "the executor takes no more work" in str(only(Completed, events)[0].error)
    assert len(source.pulled) < 12 and nothing_left_behind(tmp_path)


def test_a_users_pool_that_breaks_ends_the_run_and_says_whose_work_is_lost(tmp_path: Path) -> None:
    source = Memory(artifacts(*[1] * 30))
    with spawned(1) as pool:
        events = run(collection(source, tmp_path, KILLS, executor=pool, max_in_flight=2))
    failed = only(ArtifactFailed, events)
    assert 1 <= len(failed) <= 2 and "the executor broke while it was at work" in failed[0].error
    assert "the executor takes no more work" in str(only(Completed, events)[0].error)
    assert nothing_left_behind(tmp_path)


def test_a_users_executor_stays_the_users(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        run(collection(Memory(artifacts(1)), tmp_path, executor=pool))
        assert pool.submit(os.getpid).result() == os.getpid()


def test_when_the_subscriber_raises_nothing_writes_on(tmp_path: Path) -> None:
    def on_event(event: Event) -> None:
        if isinstance(event, ArtifactExtracted):
            raise ValueError("mine")

    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(ValueError, match=r"^mine$"):
            collection(Memory(artifacts(1, *[20_000] * 10)), tmp_path, executor=pool).subscribe(on_event)
        assert nothing_left_behind(tmp_path)
    assert not (tmp_path / ".work").exists()


# --- workers that die -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_only_the_artifact_that_kills_its_worker_fails(workers: int, tmp_path: Path) -> None:
    events = run(collection(Memory(artifacts(*[3] * 8)), tmp_path, KILLS, workers=workers))
    (failed,) = only(ArtifactFailed, events)
    assert failed.artifact.name == "a1" and failed.rows == 0
    assert failed.error == "the worker process died (signal 9, SIGKILL) while it worked on this artifact"
    assert [event.artifact.name for event in only(ArtifactExtracted, events)] == ["a0", *(f"a{n}" for n in range(2, 8))]
    assert only(Completed, events)[0].error is None
    assert len({row["tp_id"] for row in rows(tmp_path)}) == len(rows(tmp_path)) == 21
    assert nothing_left_behind(tmp_path)


def die_once(line: Line, flag: str) -> None:
    if line.number == 2500 and not os.path.exists(flag):
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_was_under_way_when_a_worker_died_is_done_again_and_not_doubled(tmp_path: Path) -> None:
    from tailpipe_rx.operators.lifted import do_action

    chain = pipe(load(), json_lines(Line), do_action(functools.partial(die_once, flag=str(tmp_path / "died"))))
    events = run(collection(Memory(artifacts(3000, 10, 3000)), tmp_path / "out", chain, workers=1, chunk_rows=1000))
    assert (tmp_path / "died").exists() and not only(ArtifactFailed, events)
    found = rows(tmp_path / "out")
    assert len({row["tp_id"] for row in found}) == len(found) == 6010
    assert nothing_left_behind(tmp_path / "out")


def test_a_worker_in_which_something_exits_ends_the_run_and_says_so(tmp_path: Path) -> None:
    events = run(collection(Memory(artifacts(3, 3, 3)), tmp_path, EXITS, workers=1))
    assert "SystemExit in a worker process" in str(only(Completed, events)[0].error)
    assert nothing_left_behind(tmp_path)


def test_no_child_is_left_when_the_subscriber_raises(tmp_path: Path) -> None:
    def on_event(event: Event) -> None:
        if isinstance(event, ArtifactExtracted):
            raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        collection(Memory(artifacts(1, *[200_000] * 4)), tmp_path, workers=2).subscribe(on_event)
    assert nothing_left_behind(tmp_path)


def test_leaving_the_loop_ends_the_workers(tmp_path: Path) -> None:
    for event in collection(Counting(10_000), tmp_path, workers=2):
        if isinstance(event, ArtifactExtracted):
            break
    assert nothing_left_behind(tmp_path)


def test_without_artifacts_no_worker_is_started(tmp_path: Path) -> None:
    events = run(collection(Memory(), tmp_path, workers=2))
    assert [type(event) for event in without_status(events)] == [Started, Completed]
