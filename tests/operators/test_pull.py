"""`pull` and `flat_map_iterable`: nothing is pulled before it is wanted, and nothing stays open."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import reactivex
from endless import Counted
from reactivex import operators as rx_ops
from reactivex.subject import Subject

from tailpipe_rx.events import TICK
from tailpipe_rx.operators.pull import flat_map_iterable, pull
from tailpipe_rx.testing import check_operator

Marbles = Callable[..., None]


def test_every_subscription_takes_a_fresh_iterator() -> None:
    """Fact: ``retry`` over a generator completes after the first failure, as if all had been read."""
    source, seen, errors = Counted(5, fail_at=2), [], []
    pull(source).pipe(rx_ops.retry(3)).subscribe(seen.append, errors.append)
    assert seen == [0, 1] * 3
    assert [str(error) for error in errors] == ["no 2"]
    assert source.closed == 3


def test_take_stops_an_endless_source_and_closes_its_generator() -> None:
    """Fact: stock sources that are stopped leave the generator suspended, with all that it holds open."""
    source, seen = Counted(), []
    pull(source).pipe(rx_ops.take(3)).subscribe(seen.append)
    assert (seen, source.pulled, source.closed) == ([0, 1, 2], 3, 1)


def test_dispose_on_another_thread_stops_the_loop() -> None:
    """Fact: ``dispose`` does not reach a loop that has not returned its subscription yet; ``take_until`` does."""
    source, stop, running = Counted(), Subject[None](), threading.Event()
    thread = threading.Thread(
        target=lambda: pull(source).pipe(rx_ops.take_until(stop)).subscribe(lambda _: running.set())
    )
    thread.start()
    assert running.wait(10)
    stop.on_next(None)
    thread.join(10)
    assert not thread.is_alive()
    assert source.closed == 1


def test_an_error_of_the_iterator_goes_to_on_error() -> None:
    seen: list[Any] = []
    pull(Counted(fail_at=1)).subscribe(seen.append, lambda error: seen.append(repr(error)))
    assert seen == [0, "LookupError('no 1')"]


def test_an_error_of_the_factory_goes_to_on_error() -> None:
    errors: list[Exception] = []

    def refuses() -> Iterator[int]:
        raise PermissionError("not you")

    pull(refuses).subscribe(on_error=errors.append)
    assert [str(error) for error in errors] == ["not you"]


def test_an_error_of_the_subscriber_is_not_one_of_the_source() -> None:
    """Fact: stock sources deliver it to ``on_error``, and ``retry`` then runs the source again."""
    source, seen, errors = Counted(), [], []

    def sink(number: int) -> None:
        seen.append(number)
        if number == 1:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        pull(source).pipe(rx_ops.retry(3)).subscribe(sink, errors.append)
    assert (seen, errors, source.closed) == ([0, 1], [], 1)


def test_a_stop_iteration_of_the_subscriber_is_an_error() -> None:
    """Fact: with stock sources, a ``StopIteration`` in the subscriber completes the stream as a success."""
    ended: list[str] = []
    with pytest.raises(StopIteration):
        pull(Counted()).subscribe(lambda _: next(iter(())), on_completed=lambda: ended.append("completed"))
    assert ended == []


def test_a_stop_iteration_of_the_factory_is_an_error() -> None:
    ended: list[Any] = []
    pull(lambda: next(iter(()))).subscribe(on_error=ended.append, on_completed=lambda: ended.append("completed"))
    assert [type(end) for end in ended] == [RuntimeError]


def test_an_error_in_a_map_is_raised_where_nobody_listens_for_errors() -> None:
    """Fact: ``of(1).pipe(map(f)).subscribe(print)`` returns in silence if *f* fails."""
    with pytest.raises(ZeroDivisionError):
        pull(Counted()).pipe(rx_ops.map(lambda n: 1 // n)).subscribe(lambda _: None)


def test_pulled_no_further_than_the_subscriber_is() -> None:
    """Fact: stock operators queue without bound, since a loop is one action. Here the call stack is the bound."""
    source, ahead = Counted(), []
    seen = 0

    def slow(_: int) -> None:
        nonlocal seen
        seen += 1
        ahead.append(source.pulled - seen)

    pull(source).pipe(flat_map_iterable(lambda n: [n, n]), rx_ops.take(100)).subscribe(slow)
    assert source.pulled == 50
    assert max(ahead) == 0


def test_one_element_becomes_many_before_the_next_is_pulled() -> None:
    """Fact: stock ``concat_map`` pulls all elements before the first inner stream runs."""
    log: list[str] = []

    def numbers() -> Iterator[int]:
        for n in range(2):
            log.append(f"pull {n}")
            yield n

    pull(numbers).pipe(flat_map_iterable(lambda n: [f"{n}a", f"{n}b"])).subscribe(log.append)
    assert log == ["pull 0", "0a", "0b", "pull 1", "1a", "1b"]


def test_flat_map_iterable_by_marbles(marbles: Marbles) -> None:
    marbles(
        """
        words    -a----b---c----|
        expect   -(xy)-----(xyz)|
        """,
        flat_map_iterable(list),
        a="xy",
        b="",
        c="xyz",
        x="x",
        y="y",
        z="z",
    )


@pytest.mark.parametrize("where", ["call", "iteration"])
def test_an_error_in_the_function_ends_the_stream_and_stops_the_source(where: str) -> None:
    def fail() -> Iterator[int]:
        yield 1
        raise ValueError("bad")

    def call(_: int) -> Iterator[int]:
        raise ValueError("bad")

    source, seen, errors = Counted(), [], []
    op = flat_map_iterable(call if where == "call" else lambda _: fail())
    pull(source).pipe(op).subscribe(seen.append, errors.append)
    assert (seen, [str(error) for error in errors]) == ([] if where == "call" else [1], ["bad"])
    assert (source.pulled, source.closed) == (1, 1)


def test_a_stop_iteration_of_the_function_is_an_error() -> None:
    """A function that asks an empty iterator for its next is broken; it has not merely nothing to say."""
    ended: list[Any] = []
    op = flat_map_iterable(lambda _: next(iter(())))
    pull(Counted(2)).pipe(op).subscribe(ended.append, ended.append, lambda: ended.append("completed"))
    assert [type(end) for end in ended] == [RuntimeError]


def test_the_inner_iterator_is_closed_when_nobody_listens_any_more() -> None:
    inner = Counted()
    reactivex.of(1).pipe(flat_map_iterable(lambda _: inner()), rx_ops.take(2)).subscribe()
    assert (inner.pulled, inner.closed) == (2, 1)


def test_an_error_of_the_subscriber_passes_through_and_closes_both() -> None:
    outer, inner, errors = Counted(), Counted(), []

    def sink(_: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        pull(outer).pipe(flat_map_iterable(lambda _: inner())).subscribe(sink, errors.append)
    assert (errors, outer.closed, inner.closed) == ([], 1, 1)


def test_a_tick_passes_the_function_by() -> None:
    seen: list[Any] = []
    reactivex.of(TICK, "ab").pipe(flat_map_iterable(list)).subscribe(seen.append)
    assert seen == [TICK, "a", "b"]


def test_it_does_what_every_operator_must() -> None:
    check_operator(lambda: flat_map_iterable(lambda n: [n, n]), [1, 2])
    check_operator(lambda: flat_map_iterable(lambda n: [n] if n % 2 else []), [1, 2])
