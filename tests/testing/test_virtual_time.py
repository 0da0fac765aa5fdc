"""The clock of marble tests."""

from typing import Any

import pytest
import reactivex
from reactivex import operators as rx_ops
from reactivex.testing import ReactiveTest

from tailpipe_rx.testing import VirtualTime


def test_it_begins_at_0_and_moves_only_with_time() -> None:
    """Fact: RxPY's clock moves by one for each 100 actions at one instant."""
    time, seen = VirtualTime(), set()
    reactivex.range(1000).pipe(rx_ops.flat_map(reactivex.of)).subscribe(lambda _: seen.add(time.clock), scheduler=time)
    time.start()
    assert seen == {0}


def test_it_goes_on_after_an_exception() -> None:
    """Fact: after an exception in an action, RxPY's ``start`` does nothing any more, without a word."""
    time, seen = VirtualTime(), []

    def fail(*_: Any) -> None:
        raise LookupError("in an action")

    time.schedule_relative(1, fail)
    time.schedule_relative(2, lambda *_: seen.append(time.clock))
    with pytest.raises(LookupError):
        time.start()
    time.start()
    assert seen == [2]


def test_it_runs_up_to_a_frame_and_goes_on_from_there() -> None:
    time, seen = VirtualTime(), []
    reactivex.interval(2).subscribe(lambda _: seen.append(time.clock), scheduler=time)
    time.run(5)
    assert seen == [2, 4]
    time.advance_to(6.0)
    assert (seen, time.clock) == ([2, 4, 6], 6)


def test_it_knows_when_nothing_is_scheduled() -> None:
    time = VirtualTime()
    assert time.idle
    waiting = time.schedule_relative(3, lambda *_: None)
    assert not time.idle
    waiting.dispose()
    assert time.idle


def test_what_is_known_of_rxpys_test_scheduler_works() -> None:
    time = VirtualTime()
    source = time.create_cold_observable(ReactiveTest.on_next(10, 1), ReactiveTest.on_completed(20))
    seen = time.start(lambda: source.pipe(rx_ops.delay(5)))
    assert seen.messages == [ReactiveTest.on_next(215, 1), ReactiveTest.on_completed(225)]
    assert source.subscriptions == [ReactiveTest.subscribe(200, 220)]
