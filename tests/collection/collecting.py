"""What the tests of collections share: a table of lines, a source in memory, and a place to look at what came out.

A worker imports this module, so everything that is sent to one is at its top level.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import attrs

from tailpipe_rx.collection.collection import Collection
from tailpipe_rx.events import TICK, Artifact, CollectRequest, Event, Status, Tick, Window
from tailpipe_rx.extractors.json import json_lines
from tailpipe_rx.loaders.load import load
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.operators.lifted import do_action, filter
from tailpipe_rx.operators.operator import Operator
from tailpipe_rx.operators.pipe import pipe
from tailpipe_rx.rows.row import Common, Row
from tailpipe_rx.sources.source import Source

E = TypeVar("E", bound=Event)


class Line(Row):
    """A line of a log."""

    time: Annotated[datetime, "When."]
    word: Annotated[str, "What."]
    number: Annotated[int | None, "How many."] = None

    def common(self) -> Common:
        return Common(timestamp=self.time)


CHAIN: Operator[Artifact, Batch[Line]] = pipe(load(), json_lines(Line))


def text(count: int, word: str = "w", bad: Iterable[int] = ()) -> bytes:
    """A log of *count* lines; those whose numbers are in *bad* are no rows."""
    wrong = set(bad)
    return b"".join(
        b'{"word":"no time"}\n'
        if n in wrong
        else b'{"time":"2026-01-02T03:04:05Z","word":"%s","number":%d}\n' % (word.encode(), n)
        for n in range(count)
    )


def artifacts(*sizes: int, bad: Iterable[int] = ()) -> tuple[Artifact, ...]:
    """Artifacts ``a0``, ``a1``, … of so many lines each."""
    bad = tuple(bad)
    return tuple(
        Artifact(f"a{i}", content=(body := text(size, f"w{i}", bad)), size=len(body)) for i, size in enumerate(sizes)
    )


@attrs.frozen
class Memory(Source):
    """Artifacts that are there already."""

    type: ClassVar[str] = "memory"
    found: Sequence[Artifact | Tick] = ()

    def artifacts(self, window: Window) -> Iterator[Artifact | Tick]:
        yield from self.found


@attrs.frozen(eq=False)
class Counting(Source):
    """*count* artifacts of *lines* lines, and how many of them were asked for."""

    type: ClassVar[str] = "memory"
    count: int
    lines: int = 1
    pulled: list[int] = attrs.field(factory=list)
    closed: list[bool] = attrs.field(factory=list)

    def artifacts(self, window: Window) -> Iterator[Artifact | Tick]:
        try:
            for n in range(self.count):
                self.pulled.append(n)
                yield Artifact(f"n{n}", content=text(self.lines, f"w{n}"))
        finally:
            self.closed.append(True)


@attrs.frozen
class Broken(Source):
    """Fails after its artifacts."""

    type: ClassVar[str] = "memory"
    found: Sequence[Artifact] = ()

    def artifacts(self, window: Window) -> Iterator[Artifact | Tick]:
        yield from self.found
        raise OSError("the listing broke off")


@attrs.frozen
class Waiting(Source):
    """Ticks until *goes_on* says no."""

    type: ClassVar[str] = "memory"
    goes_on: Callable[[], bool]

    def artifacts(self, window: Window) -> Iterator[Artifact | Tick]:
        while self.goes_on():
            yield TICK


def even(line: Line) -> bool:
    return line.number is not None and line.number % 2 == 0


def kill_this_process(line: Line) -> None:
    if line.word == "w1":
        os.kill(os.getpid(), signal.SIGKILL)


def exit_this_process(line: Line) -> None:
    if line.word == "w1":
        sys.exit(3)


def sleep_long(line: Line) -> None:
    time.sleep(600)


EVEN: Operator[Artifact, Batch[Line]] = pipe(load(), json_lines(Line), filter(even))
KILLS: Operator[Artifact, Batch[Line]] = pipe(load(), json_lines(Line), do_action(kill_this_process))
EXITS: Operator[Artifact, Batch[Line]] = pipe(load(), json_lines(Line), do_action(exit_this_process))
SLEEPS: Operator[Artifact, Batch[Line]] = pipe(load(), json_lines(Line), do_action(sleep_long))


def collection(source: Source, into: Path, chain: Operator[Any, Any] = CHAIN, **more: Any) -> Collection:
    """A collection of *source* into a directory; *more* is for the request where it has such a field."""
    names = {field.name for field in attrs.fields(CollectRequest)}
    request = {name: more.pop(name) for name in list(more) if name in names}
    return Collection(source, chain, CollectRequest(table="line", into=into, **request), **more)


def run(made: Collection) -> list[Event]:
    """All its events."""
    events: list[Event] = []
    made.subscribe(events.append)
    return events


def only(kind: type[E], events: Iterable[Event]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def without_status(events: Iterable[Event]) -> list[Event]:
    """What does not hang on how fast the machine is."""
    return [event for event in events if not isinstance(event, Status)]


def chunks(into: Path) -> dict[int, list[dict[str, Any]]]:
    """The rows of each chunk by its number."""
    return {
        int(path.stem.rpartition("-")[2]): [json.loads(line) for line in path.read_bytes().splitlines()]
        for path in into.glob("*.jsonl")
    }


def rows(into: Path) -> list[dict[str, Any]]:
    """The rows of all chunks."""
    found = chunks(into)
    return [row for number in sorted(found) for row in found[number]]


def rejects(into: Path) -> dict[int, list[dict[str, Any]]]:
    """The records of each quarantine file by the number of its chunk."""
    return {
        int(path.name.split(".")[0].rpartition("-")[2]): [json.loads(line) for line in path.read_bytes().splitlines()]
        for path in (into / "quarantine").glob("*.rejected.jsonl")
    }


def nothing_left_behind(into: Path) -> bool:
    """Neither files under way nor child processes of ours nor open files below *into*."""
    assert not (into / ".work").exists(), sorted(p.name for p in (into / ".work").iterdir())
    assert not children(), children()
    if os.path.isdir("/proc/self/fd"):
        held = [name for name in map(_target, os.listdir("/proc/self/fd")) if name.startswith(f"{into}/")]
        assert not held, held
    return True


def _target(fd: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


def children() -> list[str]:
    """The child processes of this one, zombies included, where /proc tells. Python's own helper is none of ours."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = entry.read_text().partition(") ")
        except OSError:
            continue
        if int(rest.split()[1]) == os.getpid() and b"resource_tracker" not in (entry.parent / "cmdline").read_bytes():
            found.append(f"{name}) {rest[:1]}")
    return found


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
