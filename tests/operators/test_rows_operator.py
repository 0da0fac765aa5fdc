"""`rows`: out of batches for good."""

from collections.abc import Callable
from typing import Any

import pytest
import reactivex
from reactivex import operators as rx_ops

from tailpipe_rx.errors import RejectedRecord
from tailpipe_rx.events import TICK, Rejected
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.operators.pull import pull
from tailpipe_rx.operators.unbatched import rows
from tailpipe_rx.testing import check_operator

Marbles = Callable[..., None]
BAD = Batch(["a"], [0], 2, (Rejected(b"?", "no time in it", 1, "json_lines"),))


def test_rows_come_one_by_one(marbles: Marbles) -> None:
    marbles(
        """
        lines   --[ab]--[c]--|
        expect  --(ab)--c----|
        """,
        rows(),
    )


def test_the_first_rejected_record_is_an_error_where_nobody_keeps_it() -> None:
    seen: list[Any] = []
    reactivex.of(BAD, Batch.of("b")).pipe(rows()).subscribe(seen.append, seen.append)
    assert seen[0] == "a"
    assert [(type(error), str(error)) for error in seen[1:]] == [
        (RejectedRecord, "record 1: no time in it (ops.rows(on_rejected=…) goes on)")
    ]


def test_with_somebody_to_take_them_the_rows_go_on() -> None:
    seen: list[Any] = []
    kept: list[Rejected] = []
    reactivex.of(BAD, Batch.of("b")).pipe(rows(kept.append)).subscribe(seen.append, seen.append)
    assert (seen, [bad.number for bad in kept]) == (["a", "b"], [1])


def test_an_error_of_whoever_takes_them_ends_the_stream() -> None:
    seen: list[Any] = []

    def fail(_: Rejected) -> None:
        raise OSError("disk full")

    reactivex.of(BAD, Batch.of("b")).pipe(rows(fail)).subscribe(seen.append, seen.append)
    assert (seen[0], str(seen[1]), len(seen)) == ("a", "disk full", 2)


def test_ticks_are_never_seen() -> None:
    seen: list[Any] = []
    reactivex.of(TICK, Batch.of("a"), TICK).pipe(rows()).subscribe(seen.append)
    assert seen == ["a"]


def test_take_stops_within_a_batch() -> None:
    seen: list[Any] = []
    pull(lambda: [Batch.of("a", "b", "c"), BAD]).pipe(rows(), rx_ops.take(2)).subscribe(seen.append, seen.append)
    assert seen == ["a", "b"]


def test_anything_but_a_batch_is_a_mistake_in_the_chain() -> None:
    errors: list[Exception] = []
    reactivex.of("a").pipe(rows()).subscribe(on_error=errors.append)
    assert [str(error) for error in errors] == ["rows() works on the rows of batches, but was given str"]


def test_an_error_of_the_subscriber_is_raised() -> None:
    def sink(_: Any) -> None:
        raise OSError("disk full")

    errors: list[Exception] = []
    with pytest.raises(OSError, match="disk full"):
        pull(lambda: [Batch.of("a")]).pipe(rows()).subscribe(sink, errors.append)
    assert errors == []


def test_it_does_what_every_operator_must() -> None:
    check_operator(rows, [Batch.of("a", "b"), Batch.of("c", first=2)])
