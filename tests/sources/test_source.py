"""A source is a value, a plain generator to its author, and an Observable to everybody else."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import reactivex
from reactivex import operators as rx_ops
from reactivex.scheduler import NewThreadScheduler

from tailpipe_rx import ops
from tailpipe_rx.events import TICK, Artifact, Tick, Window
from tailpipe_rx.operators.runner import drain
from tailpipe_rx.sources.files import FileSource
from tailpipe_rx.sources.source import Source

PULLED: list[str] = []


@attrs.frozen
class Pages(Source):
    """Pages of text, with waiting in between; the page "fail" cannot be had."""

    type: ClassVar[str] = "pages"
    names: str

    def artifacts(self, window: Window) -> Iterator[Artifact | Tick]:
        for name in self.names:
            PULLED.append(name)
            yield TICK
            if name == "!":
                raise ConnectionError("the page is not there")
            yield Artifact(name, content=f"{name}\n".encode())


@pytest.fixture(autouse=True)
def _nothing_pulled() -> None:
    PULLED.clear()


def names(stream: Any) -> str:
    found: list[Any] = []
    errors: list[Exception] = []
    done: list[bool] = []
    stream.subscribe(lambda a: found.append(a.name), errors.append, lambda: done.append(True))
    return "".join(found) + "".join(f"[{type(error).__name__}]" for error in errors) + "|" * len(done)


def test_subscribing_discovers_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert names(Pages("abc")) == "abc|"
    Pages("ab").subscribe(print)
    assert [line[:17] for line in capsys.readouterr().out.splitlines()] == ["Artifact(name='a'", "Artifact(name='b'"]


@attrs.frozen(eq=False)
class Idle(Source):
    """Waits, and nothing ever comes."""

    type: ClassVar[str] = "idle"
    waiting: threading.Event
    ended: threading.Event

    def artifacts(self, window: Window) -> Iterator[Artifact | Tick]:
        try:
            while True:
                self.waiting.set()
                yield TICK
        finally:
            self.ended.set()


def test_a_source_that_only_waits_can_be_disposed_of() -> None:
    idle = Idle(threading.Event(), threading.Event())
    subscription = idle.subscribe(scheduler=NewThreadScheduler())
    assert idle.waiting.wait(10)
    subscription.dispose()
    assert idle.ended.wait(10)


def test_an_observer_may_be_an_object() -> None:
    found: list[str] = []
    Pages("ab").subscribe(reactivex.Observer(lambda a: found.append(a.name)))
    assert found == ["a", "b"]


def test_ticks_are_not_seen_by_those_who_subscribe() -> None:
    seen: list[object] = []
    Pages("ab").pipe().subscribe(seen.append)
    Pages("ab").discover().subscribe(seen.append)
    assert [type(item) for item in seen] == [Artifact] * 4


def test_an_error_of_the_author_is_one_of_the_stream() -> None:
    assert names(Pages("ab!c")) == "ab[ConnectionError]"


def test_an_error_before_the_first_artifact_is_one_of_the_stream(tmp_path: Path) -> None:
    assert names(FileSource(tmp_path / "absent")) == "[UsageError]"


def test_rxpy_merges_and_concatenates_sources() -> None:
    assert names(reactivex.merge(Pages("ab"), Pages("cd"))) == "abcd|"  # type: ignore[arg-type]  # typed Observable
    assert names(reactivex.concat(Pages("ab"), Pages("cd"))) == "abcd|"  # type: ignore[arg-type]
    assert names(reactivex.concat(Pages("a!"), Pages("cd"))) == "a[ConnectionError]"  # type: ignore[arg-type]
    assert list("abcdabcda!") == PULLED


def test_rxpy_takes_a_source_where_it_takes_a_stream() -> None:
    zipped: list[str] = []
    reactivex.zip(Pages("abc"), Pages("de")).subscribe(lambda pair: zipped.append(pair[0].name + pair[1].name))  # type: ignore[arg-type]
    assert zipped == ["ad", "be"]
    assert names(reactivex.catch(Pages("a!"), Pages("b"))) == "ab|"  # type: ignore[arg-type]
    assert names(reactivex.of(1, 2).pipe(rx_ops.concat_map(lambda n: Pages("ab"[:n])))) == "aab|"
    assert names(reactivex.of(Pages("a"), Pages("b")).pipe(rx_ops.merge_all())) == "ab|"  # type: ignore[arg-type]
    assert names(Pages("ab").pipe(rx_ops.repeat(2))) == "abab|"
    assert names(Pages("ab").pipe(rx_ops.start_with(Artifact("s")), rx_ops.take(2))) == "sa|"


def test_retry_asks_the_source_again() -> None:
    assert names(Pages("a!").pipe(rx_ops.retry(3))) == "aaa[ConnectionError]"
    assert list("a!a!a!") == PULLED


def test_what_insists_on_an_observable_takes_discover() -> None:
    assert names(reactivex.of(1).pipe(rx_ops.flat_map(lambda _: Pages("ab").discover()))) == "ab|"
    assert names(reactivex.amb(Pages("ab").discover(), Pages("cd").discover())) in ("ab|", "cd|")


def test_a_source_is_pulled_no_further_than_its_observer_has_come() -> None:
    came: list[str] = []

    def observe(artifact: Artifact) -> None:
        came.append(artifact.name)
        assert came == PULLED

    drain(Pages("abcdef").discover(), observe)
    assert len(came) == 6


def test_a_source_that_nobody_listens_to_any_more_is_closed() -> None:
    assert names(Pages("abcdef").pipe(rx_ops.take(2))) == "ab|"
    assert PULLED == ["a", "b"]


def test_a_chain_is_piped_from_the_source() -> None:
    lines: list[str] = []
    Pages("ab").pipe(ops.load(), ops.lines(), ops.map(str.upper), ops.rows()).subscribe(lines.append)
    assert lines == ["A", "B"]


def test_each_discovery_looks_anew_and_in_its_window() -> None:
    @attrs.frozen
    class Said(Source):
        type: ClassVar[str] = "said"

        def artifacts(self, window: Window) -> Iterator[Artifact]:
            yield Artifact(repr(window.start))

    from datetime import datetime

    assert names(Said().discover(Window(datetime(2023, 1, 1)))) == "datetime.datetime(2023, 1, 1, 0, 0)|"
    assert names(Said()) == "None|"


def test_fetch_gives_the_artifact_as_it_is() -> None:
    artifact = Artifact("a")
    assert Pages("a").fetch(artifact) is artifact


def test_a_source_is_a_frozen_value() -> None:
    assert Pages("ab") == Pages("ab") != Pages("abc")
    assert hash(Pages("ab")) == hash(Pages("ab"))
    assert repr(Pages("ab")) == "Pages(names='ab')"
    assert pickle.loads(pickle.dumps(Pages("ab"))) == Pages("ab")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Pages("ab").names = "c"  # type: ignore[misc]


def test_a_source_without_artifacts_cannot_be_made() -> None:
    @attrs.frozen
    class Nothing(Source):
        type: ClassVar[str] = "nothing"

    with pytest.raises(TypeError, match="artifacts"):
        Nothing()  # type: ignore[abstract]
