"""A run that is stopped comes to an orderly end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import reactivex
from collecting import (
    Counting,
    Line,
    Memory,
    Waiting,
    artifacts,
    collection,
    nothing_left_behind,
    only,
    rows,
    run,
)
from reactivex import Observable, Subject
from reactivex import operators as rx_ops
from reactivex.disposable import SerialDisposable
from reactivex.scheduler import CurrentThreadScheduler, EventLoopScheduler

from tailpipe_rx.errors import UsageError
from tailpipe_rx.events import (
    Artifact,
    ArtifactDiscovered,
    ArtifactExtracted,
    ArtifactFailed,
    ArtifactSkipped,
    ChunkWritten,
    Completed,
    Event,
    Started,
    Status,
    Tick,
    Window,
)
from tailpipe_rx.extractors.json import json_lines
from tailpipe_rx.loaders.load import load
from tailpipe_rx.operators.lifted import do_action
from tailpipe_rx.operators.operator import operator
from tailpipe_rx.operators.pipe import pipe
from tailpipe_rx.sources.source import Source


def stopped_at(made_of: Any, kind: type[Event], stop: Subject[None]) -> list[Event]:
    """The events of a run that is stopped when the first event of a kind comes."""
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, kind):
            stop.on_next(None)

    made_of.subscribe(on_event)
    return events


def test_no_further_artifact_is_begun_and_the_open_chunk_is_finished(tmp_path: Path) -> None:
    source, stop = Counting(100_000, lines=3), Subject[None]()
    events = stopped_at(collection(source, tmp_path, stop=stop), ArtifactExtracted, stop)
    assert [type(event) for event in events] == [
        Started, ArtifactDiscovered, ArtifactExtracted, ChunkWritten, Status, Completed,
    ]  # fmt: skip
    assert events[-1] == Completed(events[0].execution_id, 3, 1, None)  # type: ignore[attr-defined]
    assert source.pulled == [0] and source.closed == [True]
    assert nothing_left_behind(tmp_path)


def test_an_artifact_that_is_being_read_is_left_between_two_batches(tmp_path: Path) -> None:
    stop = Subject[None]()
    made = collection(Memory(artifacts(50_000, 5)), tmp_path, stop=stop, chunk_rows=1000)
    events = stopped_at(made, ChunkWritten, stop)
    (failed,) = only(ArtifactFailed, events)
    assert (failed.artifact.name, failed.rows) == ("a0", len(rows(tmp_path)))
    assert failed.error == "interrupted; the rest of it was not read"
    assert failed.rows < 3000 and not only(ArtifactExtracted, events)
    assert only(Completed, events) == [
        Completed(only(Started, events)[0].execution_id, failed.rows, failed.rows // 1000)
    ]
    last = only(Status, events)[-1]
    assert last.received == last.enriched == failed.rows


def test_the_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    stop = Subject[None]()
    seen: list[int | None] = []
    chain = pipe(load(), json_lines(Line), do_action(lambda line: seen.append(line.number)))
    made = collection(Memory(artifacts(50_000)), tmp_path, chain, stop=stop, chunk_rows=1000)
    stopped_at(made, ChunkWritten, stop)
    assert len(seen) < 3000


@operator
def elsewhere(source: Observable[Any]) -> Observable[Any]:
    """Its rows come on a thread of its own."""
    return source.pipe(rx_ops.observe_on(EventLoopScheduler(exit_if_empty=True)))


def test_a_chain_may_emit_on_a_thread_of_its_own(tmp_path: Path) -> None:
    chain = pipe(load(), json_lines(Line), elsewhere())
    events = run(collection(Memory(artifacts(2500, 3)), tmp_path, chain))
    assert [event.enriched for event in only(ArtifactExtracted, events)] == [2500, 3]
    assert len(rows(tmp_path)) == 2503 and nothing_left_behind(tmp_path)


def test_such_a_chain_is_left_likewise(tmp_path: Path) -> None:
    stop = Subject[None]()
    chain = pipe(load(), json_lines(Line), elsewhere())
    made = collection(Memory(artifacts(20_000, 3)), tmp_path, chain, stop=stop, chunk_rows=1000)
    events = stopped_at(made, ChunkWritten, stop)
    (failed,) = only(ArtifactFailed, events)
    assert failed.error.startswith("interrupted") and failed.rows == len(rows(tmp_path)) < 20_000
    assert only(Completed, events)[0].error is None and nothing_left_behind(tmp_path)


def test_what_the_subscriber_raises_on_such_a_thread_is_raised_to_it(tmp_path: Path) -> None:
    def on_event(event: Event) -> None:
        if isinstance(event, ChunkWritten):
            raise ValueError("mine")

    chain = pipe(load(), json_lines(Line), elsewhere())
    with pytest.raises(ValueError, match=r"^mine$"):
        collection(Memory(artifacts(20_000)), tmp_path, chain, chunk_rows=1000).subscribe(on_event)
    assert nothing_left_behind(tmp_path)


@operator
def through_inner_streams(source: Observable[Any]) -> Observable[Any]:
    """What would wait on the trampoline for the collection itself to end."""
    return source.pipe(rx_ops.flat_map(reactivex.of), rx_ops.concat_map(reactivex.of))


def test_operators_that_schedule_run_inside(tmp_path: Path) -> None:
    events = run(
        collection(Memory(artifacts(1500, 3)), tmp_path, pipe(load(), json_lines(Line), through_inner_streams()))
    )
    assert [event.enriched for event in only(ArtifactExtracted, events)] == [1500, 3]


def test_a_source_that_waits_is_left_at_its_next_tick(tmp_path: Path) -> None:
    stop = Subject[None]()
    ticks: list[int] = []

    def goes_on() -> bool:
        ticks.append(1)
        if len(ticks) == 3:
            stop.on_next(None)
        return True

    events = run(collection(Waiting(goes_on), tmp_path, stop=stop))
    assert len(ticks) == 3
    assert [type(event) for event in events if not isinstance(event, Status)] == [Started, Completed]


def test_a_wish_that_is_there_already_is_granted_at_once(tmp_path: Path) -> None:
    source = Counting(100)
    events = run(collection(source, tmp_path, stop=reactivex.of(None)))
    assert [type(event) for event in events] == [Started, Status, Completed]
    assert len(source.pulled) <= 1


def test_a_stop_that_only_completes_stops_nothing(tmp_path: Path) -> None:
    run(collection(Memory(artifacts(3)), tmp_path, stop=reactivex.empty()))
    assert len(rows(tmp_path)) == 3


def test_a_stop_that_fails_is_a_stop(tmp_path: Path) -> None:
    source = Counting(100)
    events = run(collection(source, tmp_path, stop=reactivex.throw(ValueError("x"))))
    assert isinstance(events[-1], Completed) and len(source.pulled) <= 1


def test_the_wish_may_come_from_another_thread(tmp_path: Path) -> None:
    source, stop = Counting(10_000_000), Subject[None]()
    first = threading.Event()
    events: list[Event] = []

    def wish() -> None:
        first.wait(10)
        stop.on_next(None)
        stop.on_completed()

    thread = threading.Thread(target=wish)
    thread.start()

    def on_event(event: Event) -> None:
        events.append(event)
        first.set()

    collection(source, tmp_path, stop=stop).subscribe(on_event)
    thread.join()
    end = events[-1]
    assert isinstance(end, Completed) and end.error is None and end.rows == len(rows(tmp_path))


def test_disposing_of_the_subscription_is_a_wish_too(tmp_path: Path) -> None:
    source = Counting(100_000, lines=3)
    subscription = SerialDisposable()
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        if len(source.pulled) == 4:
            subscription.dispose()

    def begin(*_: object) -> None:
        subscription.disposable = collection(source, tmp_path, chunk_rows=5).subscribe(on_event)

    CurrentThreadScheduler.singleton().schedule(begin)
    assert isinstance(events[-1], ArtifactDiscovered)  # who has gone hears no more
    assert source.pulled == [0, 1, 2, 3] and source.closed == [True]
    assert len(rows(tmp_path)) in (9, 12) and nothing_left_behind(tmp_path)


def test_a_run_that_is_disposed_of_before_it_begins_leaves_nothing_locked(tmp_path: Path) -> None:
    events: list[Event] = []

    def begin(*_: object) -> None:
        collection(Counting(3), tmp_path).subscribe(events.append).dispose()

    CurrentThreadScheduler.singleton().schedule(begin)
    assert events == [] and nothing_left_behind(tmp_path)
    assert len(run(collection(Memory(artifacts(1)), tmp_path))) > 2


@attrs.frozen
class Gate(Source):
    """Its first artifact lets nobody go on before the gate is open."""

    type: ClassVar[str] = "memory"
    count: int

    def artifacts(self, window: Window) -> Iterator[Artifact | Tick]:
        yield from artifacts(*[1] * self.count)


def test_on_an_executor_what_runs_is_let_finish_and_what_waits_is_skipped(tmp_path: Path) -> None:
    stop, open_gate = Subject[None](), threading.Event()
    chain = pipe(load(), json_lines(Line), do_action(lambda _: open_gate.wait(10)))
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, ArtifactDiscovered) and event.artifact.name == "a3":
            stop.on_next(None)  # a0 is being worked on, a1 and a2 wait
            open_gate.set()

    with ThreadPoolExecutor(1) as pool:
        collection(Gate(1000), tmp_path, chain, executor=pool, max_in_flight=4, stop=stop).subscribe(on_event)
    last = only(Status, events)[-1]
    assert last.discovered == 4 == last.extracted + last.skipped and last.failed == 0
    assert only(ArtifactExtracted, events)[0].artifact.name == "a0"
    assert {event.reason for event in only(ArtifactSkipped, events)} <= {"the run was stopped before it was begun"}
    assert only(Completed, events)[0].rows == last.extracted == len(rows(tmp_path))
    assert nothing_left_behind(tmp_path)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_are_stopped_likewise(workers: int, tmp_path: Path) -> None:
    source, stop = Counting(100_000, lines=2), Subject[None]()
    made = collection(source, tmp_path, stop=stop, workers=workers)
    events = stopped_at(made, ArtifactExtracted, stop)
    last = only(Status, events)[-1]
    assert last.discovered == last.extracted + last.skipped == len(source.pulled) < 30
    assert only(Completed, events)[0].error is None
    assert len(rows(tmp_path)) == 2 * last.extracted and nothing_left_behind(tmp_path)


def test_what_was_fetched_and_waits_is_skipped(tmp_path: Path) -> None:
    stop = Subject[None]()
    events = stopped_at(collection(Fetching(1000), tmp_path, stop=stop), ArtifactExtracted, stop)
    last = only(Status, events)[-1]
    assert last.extracted == 1 and last.discovered == 1 + last.skipped < 30
    assert nothing_left_behind(tmp_path) and threading.active_count() == 1


@attrs.frozen
class Fetching(Gate):
    def fetch(self, artifact: Artifact) -> Artifact:
        return artifact


def test_workers_and_an_executor_exclude_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(UsageError, match="exclude each other"):
        collection(Memory(), tmp_path, executor=pool, workers=1)
