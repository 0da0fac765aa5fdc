"""`check_operator` finds what an operator does wrong, and lets pass what does it right."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import reactivex
from reactivex import Observable, abc
from reactivex import operators as rx_ops

from tailpipe_rx.events import Artifact
from tailpipe_rx.operators.concurrent import map_concurrent
from tailpipe_rx.operators.elements import Batch, Content
from tailpipe_rx.operators.extractor import extractor
from tailpipe_rx.operators.lifted import do_action, filter, map
from tailpipe_rx.operators.pipe import pipe
from tailpipe_rx.operators.pull import flat_map_iterable
from tailpipe_rx.operators.unbatched import rows, unbatched
from tailpipe_rx.testing import Inline, check_operator

Stage = Callable[[Observable[Any]], Observable[Any]]


def wrong_with(make: Callable[[], Stage], items: Any = (1, 2)) -> list[str]:
    with pytest.raises(AssertionError) as failure:
        check_operator(make, items, patience=0.05)
    return [line.strip() for line in str(failure.value).splitlines()[1:]]


def test_an_operator_that_swallows_errors() -> None:
    def op(source: Observable[Any]) -> Observable[Any]:
        def subscribe(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None) -> Any:
            return source.subscribe(
                observer.on_next, lambda _: observer.on_completed(), observer.on_completed, scheduler=scheduler
            )

        return Observable(subscribe)

    assert wrong_with(lambda: op) == ["does not hand on an error of the source"]


def test_an_operator_that_swallows_the_end() -> None:
    def op(source: Observable[Any]) -> Observable[Any]:
        def subscribe(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None) -> Any:
            return source.subscribe(observer.on_next, observer.on_error, lambda: None, scheduler=scheduler)

        return Observable(subscribe)

    assert wrong_with(lambda: op) == ["does not complete when the source does"]


def test_an_operator_that_leaves_the_source_running() -> None:
    def op(source: Observable[Any]) -> Observable[Any]:
        def subscribe(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None) -> Any:
            source.subscribe(observer, scheduler=scheduler)
            return reactivex.disposable.Disposable()

        return Observable(subscribe)

    assert "does not dispose of the source" in wrong_with(lambda: op)


def test_an_operator_that_forgets_the_scheduler() -> None:
    def op(source: Observable[Any]) -> Observable[Any]:
        return Observable(lambda observer, _: source.subscribe(observer))

    assert wrong_with(lambda: op) == ["does not subscribe to the source with the scheduler it was given"]


def test_an_operator_with_state_outside_of_the_subscription() -> None:
    def make() -> Stage:
        seen: set[Any] = set()

        def op(source: Observable[Any]) -> Observable[Any]:
            return source.pipe(rx_ops.filter(lambda x: x not in seen and not seen.add(x)))  # type: ignore[func-returns-value]

        return op

    assert wrong_with(make)[:2] == [
        "keeps state from one subscription to the next",
        "shares state between subscriptions at the same time",
    ]


def test_an_operator_that_pulls_all_before_it_answers() -> None:
    """Fact: stock ``flat_map`` and ``merge(max_concurrent=)`` run the source to its end first."""
    words = "pulls 2,000 elements or more for take(1), where it needs 1"
    assert wrong_with(lambda: rx_ops.flat_map(reactivex.of)) == [words]
    assert wrong_with(lambda: reactivex.compose(rx_ops.map(reactivex.of), rx_ops.merge(max_concurrent=2))) == [words]


def test_several_faults_are_listed_together() -> None:
    said = wrong_with(lambda: lambda _: reactivex.of(1))
    assert said == [
        "does not hand on an error of the source",
        "does not dispose of the source",
        "does not subscribe to the source with the scheduler it was given",
    ]


@extractor
def words(line: str) -> Any:
    yield from line.split()


@extractor
def pieces(content: Content) -> Any:
    yield from content


def contents() -> list[Content]:
    return [Content(Artifact("x"), iter([b"a", b"b"])), Content(Artifact("y"), iter([b"c"]))]


def changes(lines: Observable[str]) -> Observable[str]:
    return lines.pipe(rx_ops.distinct_until_changed())


LINES = [Batch.of("a b", "c"), Batch.of("d", first=2)]


@pytest.mark.parametrize(
    ("make", "items"),
    [
        (lambda: map(str.upper), LINES),
        (lambda: filter(str.isalpha), LINES),
        (lambda: do_action(str.upper), LINES),
        (lambda: words(), LINES),
        (lambda: pieces(), contents),
        (lambda: unbatched(changes), LINES),
        (rows, LINES),
        (lambda: flat_map_iterable(lambda x: [x, x]), [1, 2]),
        (lambda: map_concurrent(str, Inline(), 3), [1, 2]),
        (lambda: map_concurrent(str, Inline(), 3, ordered=False), [1, 2]),
        (lambda: pipe(map(str.upper), words(), filter(str.isalpha), rows()), LINES),
        (lambda: rx_ops.scan(lambda a, x: a + x), [1, 2]),
        (lambda: rx_ops.buffer_with_count(2), [1, 2]),
    ],
    ids=lambda value: "",
)
def test_operators_that_do_it_right(make: Callable[[], Stage], items: Any) -> None:
    check_operator(make, items)


def test_an_operator_with_threads_may_be_told_how_far_it_pulls_ahead() -> None:
    with ThreadPoolExecutor(2) as pool:
        check_operator(lambda: map_concurrent(str, pool, 4), [1, 2], ahead=4)
