"""Operators are values: they show themselves, compare, hash and pickle."""

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import reactivex
from reactivex import Observable
from reactivex import operators as rx_ops

from tailpipe_rx.events import TICK, Artifact, Tick
from tailpipe_rx.operators.concurrent import map_concurrent
from tailpipe_rx.operators.elements import Batch, Content
from tailpipe_rx.operators.extractor import extractor
from tailpipe_rx.operators.lifted import do_action, filter, map
from tailpipe_rx.operators.operator import operator
from tailpipe_rx.operators.pipe import pipe
from tailpipe_rx.operators.pull import flat_map_iterable
from tailpipe_rx.operators.runner import share
from tailpipe_rx.operators.unbatched import rows, unbatched


@operator
def every(source: Observable[Any], n: int, *, but: str = "") -> Observable[Any]:
    """Every n-th element."""
    return source.pipe(rx_ops.filter_indexed(lambda value, i: i % n == 0 and value != but))


@extractor
def letters(line: str, skip: str = "") -> Iterator[str]:
    yield from line.replace(skip, "")


def changes(lines: Observable[str]) -> Observable[str]:
    return lines.pipe(rx_ops.distinct_until_changed())


def made() -> list[tuple[Any, str]]:
    return [
        (map(str.upper), "map(str.upper)"),
        (filter(str.isdigit), "filter(str.isdigit)"),
        (do_action(print), "do_action(print)"),
        (flat_map_iterable(str.split), "flat_map_iterable(str.split)"),
        (unbatched(changes), "unbatched(changes)"),
        (rows(), "rows()"),
        (share(3), "share(3)"),
        (every(2, but="x"), "every(2, but='x')"),
        (letters(skip="-"), "letters(skip='-')"),
        (pipe(map(str.upper), letters()), "pipe(map(str.upper), letters())"),
        (map_concurrent(abs, None, 8), "map_concurrent(abs, None, 8)"),  # type: ignore[arg-type]  # an executor is no value
    ]


@pytest.mark.parametrize(("op", "text"), made(), ids=[text for _, text in made()])
def test_an_operator_shows_itself_as_it_was_written(op: Any, text: str) -> None:
    assert repr(op) == text


@pytest.mark.parametrize("i", range(len(made())))
def test_operators_made_alike_are_equal_and_others_are_not(i: int) -> None:
    op, again = made()[i][0], made()[i][0]
    assert op == again
    assert hash(op) == hash(again)
    assert [j for j, (other, _) in enumerate(made()) if other == op] == [i]


@pytest.mark.parametrize("i", range(len(made())))
def test_an_operator_comes_back_from_pickle_the_same(i: int) -> None:
    op = made()[i][0]
    assert pickle.loads(pickle.dumps(op)) == op


def test_an_operator_that_was_pickled_works() -> None:
    op = pickle.loads(pickle.dumps(pipe(map(str.upper), letters(skip="B"), rows())))
    seen: list[Any] = []
    reactivex.of(Batch.of("ab", "c")).pipe(op).subscribe(seen.append)
    assert seen == ["A", "C"]


def test_an_operator_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        map(str.upper).args = ()  # type: ignore[misc]  # what the test is about


def test_one_operator_may_be_subscribed_to_many_times() -> None:
    op, seen = every(2), []
    for _ in range(2):
        reactivex.of("a", "b", "c").pipe(op).subscribe(seen.append)
    assert seen == ["a", "c"] * 2


def test_a_pipe_is_a_stage_of_another_pipe() -> None:
    inner = pipe(map(str.upper), filter("B".__ne__))
    seen: list[Any] = []
    reactivex.of(Batch.of("a", "b")).pipe(pipe(inner, rows())).subscribe(seen.append)
    assert seen == ["A"]


def test_operators_of_rxpy_are_stages_too() -> None:
    seen: list[Any] = []
    reactivex.of(Batch.of("a"), Batch.of("b")).pipe(pipe(rx_ops.take(1), rows())).subscribe(seen.append)
    assert seen == ["a"]


def test_ticks_are_all_the_same() -> None:
    assert (Tick(), hash(Tick())) == (TICK, hash(TICK))
    assert pickle.loads(pickle.dumps(TICK)) == TICK


def test_batches_and_contents_show_themselves_and_batches_compare() -> None:
    assert Batch.of("a", "b") == Batch.of("a", "b") != Batch.of("a")
    assert (
        repr(Batch.of("a")) == "Batch(rows=('a',), numbers=range(0, 1), received=1, rejected=(), parts=(), member='')"
    )
    assert repr(Content(Artifact("x.zip"), iter(()), "a.log")) == "Content('x.zip', member='a.log')"


def test_the_content_of_a_small_artifact_can_be_read_at_once() -> None:
    assert Content(Artifact("x"), iter([b"a", b"b"])).read() == b"ab"
