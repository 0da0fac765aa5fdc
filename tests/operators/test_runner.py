"""`drain`, `iterate`, `share`: how streams are run, and how they are left."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import reactivex
from endless import Counted
from reactivex import Observable
from reactivex import operators as rx_ops
from reactivex.subject import Subject

from tailpipe_rx.operators.pull import pull
from tailpipe_rx.operators.runner import drain, iterate, share

LATE = 10  # seconds after which a test has failed


def traced(source: Counted, log: list[Any]) -> Observable[int]:
    return pull(source).pipe(rx_ops.finally_action(lambda: log.append("finally")))


# --- drain ----------------------------------------------------------------------------------------------------------


def test_drain_runs_a_stream_to_its_end_on_this_thread() -> None:
    seen: list[Any] = []
    drain(pull(Counted(3)), lambda n: seen.append((n, threading.get_ident())))
    assert seen == [(n, threading.get_ident()) for n in range(3)]


def test_drain_of_an_empty_stream_returns() -> None:
    """Fact: ``run()`` raises SequenceContainsNoElementsError."""
    drain(reactivex.empty())


def test_drain_raises_the_error_of_the_source() -> None:
    with pytest.raises(LookupError, match="no 2"):
        drain(pull(Counted(fail_at=2)))


def test_drain_raises_the_error_of_an_operator() -> None:
    """Fact: ``subscribe(print)`` without ``on_error`` loses it."""
    source, log = Counted(), []
    with pytest.raises(ZeroDivisionError):
        drain(traced(source, log).pipe(rx_ops.map(lambda n: 1 // n)))
    assert (log, source.closed) == (["finally"], 1)


@pytest.mark.parametrize("error", [OSError("disk full"), StopIteration()], ids=repr)
def test_an_error_of_the_subscriber_is_raised_once_and_never_retried(error: Exception) -> None:
    """Facts: under ``retry`` a failing sink runs the source again; its StopIteration completes the stream."""
    source, log = Counted(), []

    def sink(n: int) -> None:
        log.append(n)
        if n == 1:
            raise error

    with pytest.raises(type(error)):
        drain(traced(source, log).pipe(rx_ops.retry(3)), sink)
    assert (log, source.pulled, source.closed) == ([0, 1, "finally"], 2, 1)


@pytest.mark.parametrize("where", ["source", "subscriber"])
def test_ctrl_c_disposes_of_everything_upstream(where: str) -> None:
    """Facts: on Ctrl-C ``finally_action`` does not run, and ``run()`` goes on pulling."""
    log: list[Any] = []
    source = Counted()

    def interrupted(n: int) -> int:
        if n == 2:
            signal.raise_signal(signal.SIGINT)
        return n

    def numbers() -> Iterator[int]:
        for n in source():
            yield interrupted(n) if where == "source" else n

    stream = pull(numbers).pipe(rx_ops.finally_action(lambda: log.append("finally")))
    with pytest.raises(KeyboardInterrupt):
        drain(stream, interrupted if where == "subscriber" else lambda _: None)
    assert (log, source.pulled, source.closed) == (["finally"], 3, 1)


def test_drain_can_be_used_again_after_ctrl_c() -> None:
    with pytest.raises(KeyboardInterrupt):
        drain(pull(Counted()), lambda _: signal.raise_signal(signal.SIGINT))
    seen: list[int] = []
    drain(pull(Counted(2)), seen.append)
    assert seen == [0, 1]


def test_drain_waits_for_a_source_on_another_thread_and_says_so() -> None:
    source: Subject[str] = Subject()
    waited: list[int] = []
    seen: list[str] = []
    threads: list[threading.Thread] = []

    def emit() -> None:
        source.on_next("a")
        source.on_completed()

    def on_wait() -> None:
        waited.append(1)
        threads.append(threading.Thread(target=emit))
        threads[-1].start()

    drain(source, seen.append, on_wait=on_wait)
    threads[0].join(LATE)
    assert (seen, waited) == (["a"], [1])


def test_a_stream_is_drained_inside_of_another_one() -> None:
    """Fact: what is subscribed inside of ``on_next`` runs on RxPY's trampoline only when the outer loop has ended."""
    log: list[Any] = []

    def both(n: int) -> None:
        log.append(f"begin {n}")
        drain(pull(Counted(2)), log.append, inside=True)
        log.append(f"end {n}")

    drain(pull(Counted(2)), both)
    assert log == ["begin 0", 0, 1, "end 0", "begin 1", 0, 1, "end 1"]


def test_an_endless_stream_is_stopped_inside_of_another_one() -> None:
    """Fact: on an ``ImmediateScheduler`` the loop runs before there is a subscription, and ``take`` cannot stop it."""
    inner, seen = Counted(100_000), []
    drain(pull(Counted(1)), lambda _: drain(pull(inner).pipe(rx_ops.take(3)), seen.append, inside=True))
    assert (seen, inner.pulled, inner.closed) == ([0, 1, 2], 3, 1)


def test_an_error_inside_of_another_stream_stops_the_inner_one() -> None:
    inner = Counted(100_000)

    def sink(_: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        drain(pull(Counted()), lambda _: drain(pull(inner), sink, inside=True))
    assert (inner.pulled, inner.closed) == (1, 1)


# --- iterate --------------------------------------------------------------------------------------------------------


def test_iterate_gives_what_the_stream_emits() -> None:
    assert list(iterate(pull(Counted(5)))) == [0, 1, 2, 3, 4]
    assert list(iterate(reactivex.empty())) == []


def test_iterate_raises_the_error_of_the_source_in_the_loop() -> None:
    seen: list[int] = []
    with pytest.raises(LookupError, match="no 2"):
        for n in iterate(pull(Counted(fail_at=2))):
            seen.append(n)
    assert seen == [0, 1]


def test_iterate_raises_the_error_of_an_operator_in_the_loop() -> None:
    with pytest.raises(ZeroDivisionError):
        list(iterate(pull(Counted()).pipe(rx_ops.map(lambda n: 1 // n))))


def test_a_source_that_exits_its_thread_ends_the_loop() -> None:
    def leaves() -> Iterator[int]:
        yield 1
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        list(iterate(pull(leaves)))


def test_iterate_is_at_most_two_elements_ahead() -> None:
    source, ahead = Counted(), []
    loop = iterate(pull(source))
    for n in loop:
        ahead.append(source.pulled - (n + 1))
        if n == 50:
            break
    loop.close()  # type: ignore[attr-defined]  # a generator
    assert max(ahead) <= 2
    assert (source.pulled <= 53, source.closed) == (True, 1)


def test_leaving_the_loop_stops_the_source_and_waits_for_its_thread() -> None:
    source, before = Counted(), threading.active_count()
    for n in iterate(pull(source)):
        if n == 3:
            break
    assert (source.closed, threading.active_count()) == (1, before)


def test_leaving_the_loop_calls_stop_where_there_is_one() -> None:
    """A collection is not disposed of but asked to stop, so that it can say how it ended."""
    stopped, log = threading.Event(), []

    def numbers() -> Iterator[int]:
        n = 0
        while not stopped.is_set():
            yield n
            n += 1
        log.append("ended by itself")

    for _ in iterate(pull(numbers), stop=stopped.set):
        break
    assert log == ["ended by itself"]


def test_an_error_in_the_loop_stops_the_source() -> None:
    source = Counted()
    with pytest.raises(OSError, match="disk full"):
        for _ in iterate(pull(source)):
            raise OSError("disk full")
    assert source.closed == 1


def test_iterate_runs_under_a_running_event_loop() -> None:
    async def notebook() -> list[int]:
        asyncio.get_running_loop()
        return list(iterate(pull(Counted(3))))

    assert asyncio.run(notebook()) == [0, 1, 2]


def test_iterate_runs_inside_of_another_stream() -> None:
    seen: list[int] = []
    drain(pull(Counted(2)), lambda _: seen.extend(iterate(pull(Counted(2)))))
    assert seen == [0, 1, 0, 1]


def test_two_loops_run_side_by_side() -> None:
    assert list(zip(iterate(pull(Counted(3))), iterate(pull(Counted(3))), strict=True)) == [(n, n) for n in range(3)]


# --- share ----------------------------------------------------------------------------------------------------------


def test_share_gives_two_observers_one_run() -> None:
    """Fact: RxPY's ``share`` runs a synchronous source within the first subscription, and again for the second."""
    source, seen = Counted(3), []
    shared = pull(source).pipe(share())
    shared.subscribe(lambda n: seen.append(("a", n)))
    assert (seen, source.pulled) == ([], 0)
    shared.subscribe(lambda n: seen.append(("b", n)))
    assert seen == [(who, n) for n in range(3) for who in "ab"]
    assert source.pulled == 3


def test_share_waits_for_as_many_observers_as_was_said() -> None:
    ended: list[int] = []
    shared = pull(Counted(2)).pipe(share(3))
    for i in range(3):
        shared.subscribe(on_completed=lambda i=i: ended.append(i))  # type: ignore[misc]
    assert ended == [0, 1, 2]


def test_an_error_reaches_all_observers_of_a_shared_stream() -> None:
    errors: list[Exception] = []
    shared = pull(Counted(fail_at=0)).pipe(share())
    for _ in range(2):
        shared.subscribe(on_error=errors.append)
    assert [str(error) for error in errors] == ["no 0", "no 0"]


def test_a_shared_run_ends_when_all_observers_have_left_it() -> None:
    """Fact: RxPY's ``auto_connect`` never disposes of what it connected to, so an endless source would go on."""
    source, seen = Counted(), []
    shared = pull(source).pipe(share())
    shared.pipe(rx_ops.take(1)).subscribe(lambda n: seen.append(("a", n)))
    shared.pipe(rx_ops.take(3)).subscribe(lambda n: seen.append(("b", n)))
    assert seen == [("a", 0), ("b", 0), ("b", 1), ("b", 2)]
    assert (source.pulled, source.closed) == (3, 1)


def test_an_observer_that_left_before_the_run_has_begun_is_not_counted() -> None:
    source, seen = Counted(1), []
    shared = pull(source).pipe(share())
    shared.subscribe(seen.append).dispose()
    shared.subscribe(seen.append)
    assert (seen, source.pulled) == ([], 0)
    shared.subscribe(seen.append)
    assert seen == [0, 0]


def test_the_next_observers_share_the_next_run() -> None:
    """Fact: behind RxPY's ``publish`` they would see an empty stream."""
    source, seen = Counted(2), []
    shared = pull(source).pipe(share())
    for who in "abcd":
        shared.subscribe(lambda n, who=who: seen.append((who, n)))  # type: ignore[misc]
    assert seen == [(who, n) for pair in ("ab", "cd") for n in range(2) for who in pair]


def test_share_among_none_is_refused() -> None:
    with pytest.raises(ValueError, match="observers must be at least 1"):
        reactivex.of(1).pipe(share(0))


def test_share_by_marbles(marbles: Callable[..., None]) -> None:
    def both(source: Observable[str]) -> Observable[str]:
        shared = source.pipe(share())
        return reactivex.merge(shared, shared.pipe(rx_ops.map(str.upper)))

    marbles(
        """
        in        -a----b----|
        in:subs   ^----------!
        expect    -(aA)-(bB)-|
        """,
        both,
    )
