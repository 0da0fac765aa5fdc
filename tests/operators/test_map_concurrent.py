"""`map_concurrent`: the bound, the order, every end, and that nobody is left waiting.

No test sleeps: a job that must still be running waits for an event, and a `Tick` says that the source waits.
"""

import gc
import multiprocessing
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
import reactivex
from endless import Counted
from reactivex import operators as rx_ops
from reactivex.scheduler import ImmediateScheduler
from reactivex.subject import Subject

from tailpipe_rx.events import TICK, Tick
from tailpipe_rx.operators.concurrent import map_concurrent
from tailpipe_rx.operators.pull import flat_map_iterable, pull
from tailpipe_rx.operators.runner import drain
from tailpipe_rx.testing import Inline, check_operator

Marbles = Callable[..., None]
SOON = 0.001  # seconds between ticks, where a test waits for one
LATE = 10  # seconds after which a test has failed

either = pytest.mark.parametrize("ordered", [True, False], ids=["ordered", "unordered"])


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def spawned(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def collect(stream: Any) -> list[Any]:
    """All that comes, errors as they are, and at last "end"."""
    seen: list[Any] = []
    stream.subscribe(seen.append, seen.append, lambda: seen.append("end"))
    return seen


# --- what comes out -------------------------------------------------------------------------------------------------


@either
def test_every_element_is_mapped_once(pool: Executor, ordered: bool) -> None:
    seen = collect(pull(Counted(500)).pipe(map_concurrent(str, pool, 8, ordered=ordered)))
    assert seen[-1] == "end"
    assert (seen[:-1] if ordered else sorted(seen[:-1], key=int)) == [str(n) for n in range(500)]


def overtaking() -> Callable[[int], int]:
    """The first of each three elements is done only when the third is."""
    third = [threading.Event() for _ in range(10)]

    def job(n: int) -> int:
        if n % 3 == 0:
            assert third[n // 3].wait(LATE)
        elif n % 3 == 2:
            third[n // 3].set()
        return n

    return job


def test_ordered_keeps_the_order_whatever_is_done_first(pool: Executor) -> None:
    assert collect(pull(Counted(30)).pipe(map_concurrent(overtaking(), pool, 8))) == [*range(30), "end"]


def test_unordered_emits_what_is_done_first(pool: Executor) -> None:
    seen = collect(pull(Counted(30)).pipe(map_concurrent(overtaking(), pool, 8, ordered=False)))
    assert sorted(seen[:-1]) == list(range(30))
    assert seen.index(2) < seen.index(0)


def test_a_result_comes_when_the_next_element_does(marbles: Marbles) -> None:
    marbles(
        """
        in        -a-b---c---|
        in:subs   ^----------!
        expect    ---A---B---(C|)
        """,
        map_concurrent(str.upper, Inline(), 2),
    )


def test_with_one_place_each_result_makes_room_for_the_next(marbles: Marbles) -> None:
    marbles(
        """
        in        -(abc)---|
        expect    -(AB)----(C|)
        """,
        map_concurrent(str.upper, Inline(), 1),
    )


@either
def test_an_empty_source_ends_at_once(pool: Executor, ordered: bool) -> None:
    assert collect(reactivex.empty().pipe(map_concurrent(str, pool, 4, ordered=ordered))) == ["end"]


@either
def test_on_worker_processes(ordered: bool) -> None:
    with spawned(2) as pool:
        seen = collect(pull(Counted(50)).pipe(map_concurrent(abs, pool, 4, ordered=ordered)))
    assert sorted(seen[:-1]) == list(range(50))


@either
def test_on_an_executor_that_works_at_once(ordered: bool) -> None:
    assert collect(pull(Counted(100)).pipe(map_concurrent(abs, Inline(), 3, ordered=ordered))) == [*range(100), "end"]


def test_one_stage_lists_and_the_next_fetches_on_pools_of_their_own(pool: Executor) -> None:
    with ThreadPoolExecutor(2) as listing:
        stream = pull(Counted(20)).pipe(
            map_concurrent(range, listing, 2), flat_map_iterable(list), map_concurrent(str, pool, 8)
        )
        assert collect(stream) == [*(str(y) for x in range(20) for y in range(x)), "end"]


def test_two_stages_share_one_thread_without_a_deadlock() -> None:
    with ThreadPoolExecutor(1) as pool:
        stream = pull(Counted(20)).pipe(map_concurrent(abs, pool, 2), map_concurrent(abs, pool, 2))
        assert collect(stream) == [*range(20), "end"]


def test_everything_is_emitted_on_the_thread_of_the_source(pool: Executor) -> None:
    """Fact: an exception in a future's callback disappears into logging. Nothing is emitted in one."""
    threads: set[int] = set()
    pull(Counted(50)).pipe(map_concurrent(abs, pool, 4)).subscribe(lambda _: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


# --- the bound ------------------------------------------------------------------------------------------------------


@either
def test_as_many_work_at_once_as_was_said_and_no_more(pool: Executor, ordered: bool) -> None:
    together, lock = threading.Barrier(5), threading.Lock()
    now = most = 0

    def job(n: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(LATE)  # passes only when five are here
        with lock:
            now -= 1
        return n

    seen = collect(pull(Counted(50)).pipe(map_concurrent(job, pool, 5, ordered=ordered)))
    assert (len(seen), most) == (51, 5)


@either
@pytest.mark.parametrize("kind", ["inline", "threads", "processes"])
def test_an_endless_source_is_pulled_no_further_ahead_than_the_bound(kind: str, ordered: bool) -> None:
    """Facts: ``merge(max_concurrent=4)`` bounds subscriptions, not memory: 1,960 of 2,000 elements are pulled ahead;
    ``observe_on`` and ``flat_map`` queue the same way."""
    source, most, seen = Counted(), 0, 0

    def slow(_: int) -> None:  # on_next is a blocking call: the source can not run while this does
        nonlocal most, seen
        most = max(most, source.pulled - seen)
        for _ in range(2_000):
            pass
        seen += 1

    pools = {"inline": Inline, "threads": lambda: ThreadPoolExecutor(4), "processes": lambda: spawned(1)}
    with pools[kind]() as pool:
        pull(source).pipe(map_concurrent(abs, pool, 4, ordered=ordered), rx_ops.take(300)).subscribe(slow)
    assert seen == 300
    assert most <= 4 + 1  # in flight, and the one for which there is no place yet
    assert source.pulled <= 300 + 4 + 1
    assert source.closed == 1


@either
def test_while_nothing_gets_done_the_source_waits(pool: Executor, ordered: bool) -> None:
    source, done, pulled = Counted(), threading.Event(), []

    def job(n: int) -> int:
        assert done.wait(LATE)
        return n

    def seen(item: Any) -> None:
        pulled.append(source.pulled)
        if len(pulled) == 5:
            done.set()

    pull(source).pipe(map_concurrent(job, pool, 3, ordered=ordered, tick_every=SOON), rx_ops.take(6)).subscribe(seen)
    assert pulled[:5] == [4] * 5


def test_a_bound_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="max_in_flight must be at least 1"):
        reactivex.of(1).pipe(map_concurrent(abs, Inline(), 0))


@either
def test_nothing_that_is_done_with_is_held(ordered: bool) -> None:
    class Big:
        pass

    alive: weakref.WeakSet[Big] = weakref.WeakSet()
    most = 0

    def job(_: int) -> Big:
        big = Big()
        alive.add(big)
        return big

    def seen(_: Big) -> None:
        nonlocal most
        most = max(most, len(alive))

    gc.collect()
    pull(Counted(5000)).pipe(map_concurrent(job, Inline(), 3, ordered=ordered)).subscribe(seen)
    assert most <= 3 + 2


def test_no_thread_is_started(pool: Executor) -> None:
    """Fact: ``sample``, ``debounce`` and ``buffer_with_time`` start timer threads."""
    before = threading.active_count()
    collect(pull(Counted(20)).pipe(map_concurrent(abs, Inline(), 2, tick_every=SOON)))
    assert threading.active_count() == before


# --- ends -----------------------------------------------------------------------------------------------------------


@either
def test_take_stops_the_source_and_closes_it(pool: Executor, ordered: bool) -> None:
    source = Counted()
    seen = collect(pull(source).pipe(map_concurrent(abs, pool, 4, ordered=ordered), rx_ops.take(10)))
    assert (len(seen), seen[-1]) == (11, "end")
    assert source.pulled <= 10 + 4 + 1
    assert source.closed == 1


@either
def test_an_error_in_the_function_ends_the_stream(pool: Executor, ordered: bool) -> None:
    source = Counted()

    def job(n: int) -> int:
        if n == 20:
            raise ValueError("twenty")
        return n

    seen = collect(pull(source).pipe(map_concurrent(job, pool, 4, ordered=ordered)))
    assert str(seen[-1]) == "twenty"
    if ordered:
        assert seen[:-1] == list(range(20))
        assert source.pulled <= 20 + 4 + 1
    assert source.closed == 1


def test_unordered_an_error_cuts_in_before_what_is_still_at_work(pool: Executor) -> None:
    done = threading.Event()

    def job(n: int) -> int:
        if n == 1:
            raise ValueError("one")
        assert done.wait(LATE)
        return n

    seen = collect(pull(Counted()).pipe(map_concurrent(job, pool, 2, ordered=False)))
    done.set()
    assert [str(item) for item in seen] == ["one"]


def test_a_stop_iteration_in_the_function_is_an_error(pool: Executor) -> None:
    seen = collect(pull(Counted()).pipe(map_concurrent(lambda _: next(iter(())), pool, 2)))
    assert [type(item) for item in seen] == [StopIteration]


@either
def test_a_function_that_exits_is_not_mistaken_for_an_error(ordered: bool) -> None:
    def leave(_: int) -> int:
        raise SystemExit(3)

    with ThreadPoolExecutor(1) as pool, pytest.raises(SystemExit):
        collect(pull(Counted()).pipe(map_concurrent(leave, pool, 2, ordered=ordered)))


@either
def test_an_error_of_the_source_comes_after_the_results_before_it(pool: Executor, ordered: bool) -> None:
    seen = collect(pull(Counted(fail_at=30)).pipe(map_concurrent(abs, pool, 4, ordered=ordered)))
    assert str(seen[-1]) == "no 30"
    if ordered:
        assert seen[:-1] == list(range(30))


@either
def test_an_error_of_the_subscriber_is_raised_and_nothing_more_is_pulled(pool: Executor, ordered: bool) -> None:
    source, errors = Counted(), []

    def sink(_: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        pull(source).pipe(map_concurrent(abs, pool, 4, ordered=ordered)).subscribe(sink, errors.append)
    assert errors == []
    assert source.pulled <= 4 + 1
    assert source.closed == 1


@either
def test_dispose_on_another_thread_wakes_a_stream_that_waits(ordered: bool) -> None:
    """Fact: ``dispose`` does not reach a loop that has not returned its subscription yet; ``take_until`` does."""
    source, waiting, done, stop = Counted(), threading.Event(), threading.Event(), Subject[None]()
    seen: list[Any] = []

    def job(n: int) -> int:
        assert done.wait(LATE)
        return n

    def on_next(item: Any) -> None:
        if isinstance(item, Tick):
            waiting.set()
        else:
            seen.append(item)

    with ThreadPoolExecutor(2) as pool:
        stream = pull(source).pipe(
            map_concurrent(job, pool, 4, ordered=ordered, tick_every=SOON), rx_ops.take_until(stop)
        )
        thread = threading.Thread(target=lambda: stream.subscribe(on_next))
        thread.start()
        assert waiting.wait(LATE)
        stop.on_next(None)
        thread.join(LATE)
        ended_while_jobs_run = not thread.is_alive()
        done.set()
    assert ended_while_jobs_run
    assert (seen, source.pulled, source.closed) == ([], 5, 1)


def test_what_waits_for_a_thread_is_cancelled_on_dispose() -> None:
    begun: list[int] = []
    first, done = threading.Event(), threading.Event()

    def job(n: int) -> int:
        begun.append(n)
        first.set()
        assert done.wait(LATE)
        return n

    source: Subject[int] = Subject()
    with ThreadPoolExecutor(1) as pool:
        subscription = source.pipe(map_concurrent(job, pool, 4)).subscribe()
        for n in range(3):
            source.on_next(n)
        assert first.wait(LATE)
        subscription.dispose()
        done.set()
    assert begun == [0]


@either
def test_an_executor_that_was_shut_down_is_an_error_of_the_stream(ordered: bool) -> None:
    pool, source = ThreadPoolExecutor(1), Counted()
    pool.shutdown()
    [error] = collect(pull(source).pipe(map_concurrent(abs, pool, 4, ordered=ordered)))
    assert isinstance(error, RuntimeError)
    assert (source.pulled, source.closed) == (1, 1)


def test_a_future_that_somebody_else_cancels_is_an_error_of_the_stream() -> None:
    class Cancelling(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.cancel()
            return future

    [error] = collect(pull(Counted()).pipe(map_concurrent(abs, Cancelling(), 1)))
    assert type(error).__name__ == "CancelledError"


@either
def test_retry_begins_again(pool: Executor, ordered: bool) -> None:
    failed: list[int] = []

    def flaky(n: int) -> int:
        if n == 5 and len(failed) < 2:
            failed.append(n)
            raise ValueError(n)
        return n

    seen = collect(pull(Counted(10)).pipe(map_concurrent(flaky, pool, 3, ordered=ordered), rx_ops.retry(3)))
    assert (seen[-1], failed) == ("end", [5, 5])
    assert sorted(seen[-11:-1]) == list(range(10)) if ordered else 9 in seen


def test_a_source_that_cannot_be_stopped_is_dropped() -> None:
    """Fact: given an ``ImmediateScheduler``, a source runs before there is a subscription to dispose of."""
    source = Counted(500)
    seen: list[int] = []
    reactivex.from_iterable(source()).pipe(map_concurrent(abs, Inline(), 4), rx_ops.take(3)).subscribe(
        seen.append, scheduler=ImmediateScheduler()
    )
    assert (seen, source.pulled) == ([0, 1, 2], 500)


def test_ctrl_c_reaches_a_stream_that_waits_for_its_workers() -> None:
    """Fact: on Ctrl-C ``run()`` goes on pulling on its own thread, and ``finally_action`` is skipped."""
    source, done, log = Counted(), threading.Event(), []

    def job(n: int) -> int:
        assert done.wait(LATE)
        return n

    def seen(item: Any) -> None:
        assert isinstance(item, Tick)
        signal.raise_signal(signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        stream = pull(source).pipe(
            rx_ops.finally_action(lambda: log.append("finally")), map_concurrent(job, pool, 2, tick_every=SOON)
        )
        with pytest.raises(KeyboardInterrupt):
            drain(stream, seen)
        done.set()
    assert (log, source.pulled, source.closed) == (["finally"], 3, 1)


# --- ticks ----------------------------------------------------------------------------------------------------------


@either
def test_a_tick_comes_for_each_time_of_waiting(pool: Executor, ordered: bool) -> None:
    done, ticks = threading.Event(), 0

    def job(n: int) -> int:
        assert done.wait(LATE)
        return n

    def seen(item: Any) -> None:
        nonlocal ticks
        if isinstance(item, Tick):
            ticks += 1
            if ticks == 3:
                done.set()

    pull(Counted(2)).pipe(map_concurrent(job, pool, 2, ordered=ordered, tick_every=SOON)).subscribe(seen)
    assert ticks >= 3


@either
def test_what_waits_is_cancelled_where_the_subscriber_fails_at_a_tick(ordered: bool) -> None:
    done, begun = threading.Event(), []

    def job(n: int) -> int:
        begun.append(n)
        assert done.wait(LATE)
        return n

    def sink(item: Any) -> None:
        assert isinstance(item, Tick)
        raise OSError("disk full")

    with ThreadPoolExecutor(1) as one:
        with pytest.raises(OSError, match="disk full"):
            pull(Counted()).pipe(map_concurrent(job, one, 3, ordered=ordered, tick_every=SOON)).subscribe(sink)
        done.set()
    assert begun == [0]


def test_no_tick_comes_while_nobody_waits() -> None:
    seen = collect(pull(Counted(200)).pipe(map_concurrent(abs, Inline(), 2, tick_every=0.0)))
    assert not any(isinstance(item, Tick) for item in seen)


def test_a_tick_of_the_source_passes_and_brings_what_is_done() -> None:
    seen: list[Any] = []
    source: Subject[Any] = Subject()
    source.pipe(map_concurrent(str, Inline(), 4)).subscribe(seen.append)
    source.on_next(1)
    assert seen == []
    source.on_next(TICK)
    assert seen == ["1", TICK]


def test_it_does_what_every_operator_must(pool: Executor) -> None:
    check_operator(lambda: map_concurrent(abs, pool, 4), [1, 2], ahead=4)
    check_operator(lambda: map_concurrent(abs, Inline(), 4, ordered=False), [1, 2])
