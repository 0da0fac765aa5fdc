"""`unbatched`: plain RxPY over rows, between two batches."""

from collections.abc import Callable
from typing import Any

import pytest
import reactivex
from endless import Counted, balanced
from reactivex import Observable
from reactivex import operators as rx_ops

from tailpipe_rx.events import TICK, Rejected
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.operators.extractor import extractor
from tailpipe_rx.operators.lifted import map
from tailpipe_rx.operators.pull import flat_map_iterable, pull
from tailpipe_rx.operators.unbatched import unbatched
from tailpipe_rx.testing import check_operator

Marbles = Callable[..., None]


def changes(rows: Observable[Any]) -> Observable[Any]:
    return rows.pipe(rx_ops.distinct_until_changed())


def twice(rows: Observable[Any]) -> Observable[Any]:
    return rows.pipe(flat_map_iterable(lambda row: [row + "1", row + "2"]))


def pairs(rows: Observable[Any]) -> Observable[Any]:
    return rows.pipe(rx_ops.buffer_with_count(2), rx_ops.map("".join))


def run(op: Any, *batches: Any) -> list[Any]:
    seen: list[Any] = []
    reactivex.of(*batches).pipe(op).subscribe(seen.append)
    return seen


def test_plain_operators_run_between_batches(marbles: Marbles) -> None:
    marbles(
        """
        flows   --[aab]--[bba]--[a]--|
        expect  --[ab]---[a]---------|
        """,
        unbatched(changes),
    )


def test_rejected_records_go_round_the_outside(marbles: Marbles) -> None:
    marbles(
        """
        flows   --[a#a]--[#]--|
        expect  --[a#]---[#]--|
        """,
        unbatched(changes),
    )


def test_what_comes_at_the_end_is_the_last_batch(marbles: Marbles) -> None:
    marbles(
        """
        flows   --[aab]--[a]--[b]-|
        expect  --[x]----[y]------([b]|)
        """,
        unbatched(pairs),
        a="a",
        b="b",
        x="aa",
        y="ba",
    )


def test_rows_that_stay_inside_are_counted_as_filtered_at_the_end() -> None:
    batches = run(unbatched(changes), Batch.of("a", "a"), Batch.of("a", "b", first=2))
    assert [(list(b.rows), list(b.numbers), b.received, b.filtered) for b in batches] == [
        (["a"], [0], 1, 0),
        (["b"], [3], 1, 0),
        ([], [], 2, 2),
    ]
    assert balanced(batches)


def test_a_row_keeps_its_number_though_another_one_equals_it() -> None:
    """Equal strings and small numbers are one object: the row that is being pushed comes first."""
    [batch] = run(unbatched(lambda rows: rows.pipe(rx_ops.take(1))), Batch.of("a", "a", "a"))[:1]
    assert list(batch.numbers) == [0]


def test_a_row_that_comes_later_keeps_its_number() -> None:
    [batch] = run(unbatched(lambda rows: rows.pipe(rx_ops.pairwise(), rx_ops.map(min))), Batch.of("a", "b", "c"))[:1]
    assert (list(batch.rows), list(batch.numbers)) == (["a", "b"], [0, 1])


def test_new_rows_take_the_number_of_their_record_and_parts_count_within_it() -> None:
    [batch] = run(unbatched(twice), Batch.of("a", "b", first=5))
    assert (list(batch.rows), list(batch.numbers), list(batch.parts)) == (
        ["a1", "a2", "b1", "b2"],
        [5, 5, 6, 6],
        [0, 1, 0, 1],
    )
    assert balanced([batch])


def test_a_batch_is_passed_on_when_it_is_full_but_never_within_a_record() -> None:
    batches = run(unbatched(twice, 3), Batch.of("a", "b", "c"))
    assert [list(b.rows) for b in batches] == [["a1", "a2", "b1", "b2"], ["c1", "c2"]]


def test_the_rows_before_an_error_of_the_source_are_passed_on(marbles: Marbles) -> None:
    marbles(
        """
        flows   --[aab]--[bba]--[a]--#
        expect  --[ab]---[a]---------#
        """,
        unbatched(changes),
    )
    batches: list[Any] = []
    failing = reactivex.concat(reactivex.of(Batch.of("a", "b")), reactivex.throw(OSError("cut off")))
    failing.pipe(unbatched(changes)).subscribe(batches.append, batches.append)
    assert [list(b.rows) for b in batches[:-1]] == [["a", "b"]]
    assert str(batches[-1]) == "cut off"


def test_an_error_of_the_inner_operators_comes_after_the_rows_before_it() -> None:
    source, seen = Counted(), []

    def inner(rows: Observable[int]) -> Observable[float]:
        return rows.pipe(rx_ops.map(lambda n: 6 / (2 - n)))

    pull(source).pipe(
        rx_ops.map(lambda n: Batch.of(*range(3 * n, 3 * n + 3), first=3 * n)), unbatched(inner)
    ).subscribe(seen.append, seen.append)
    assert list(seen[0].rows) == [3.0, 6.0]
    assert (seen[0].received, seen[0].filtered) == (3, 1)
    assert [type(end) for end in seen[1:]] == [ZeroDivisionError]
    assert (source.pulled, source.closed) == (1, 1)


def test_inner_operators_that_complete_stop_the_source_within_a_batch() -> None:
    source, seen = Counted(), []

    def inner(rows: Observable[int]) -> Observable[int]:
        return rows.pipe(rx_ops.take(2))

    pull(source).pipe(rx_ops.map(lambda n: Batch.of(n, n, n, first=3 * n)), unbatched(inner)).subscribe(
        seen.append, on_completed=lambda: seen.append("completed")
    )
    assert (list(seen[0].rows), seen[0].filtered, seen[1:]) == ([0, 0], 1, ["completed"])
    assert (source.pulled, source.closed) == (1, 1)


def test_rejected_records_are_never_gathered_without_bound() -> None:
    held: list[int] = []
    given = 0

    def rejecting() -> Any:
        nonlocal given
        for n in range(50):
            given += 1
            yield Batch([], [], 1, (Rejected(b"?", "no", n, "x"),))

    def seen(batch: Batch[Any]) -> None:
        held.append(given - len(held) - 1)

    pull(rejecting).pipe(unbatched(changes)).subscribe(seen)
    assert (len(held), max(held)) == (50, 0)


def test_the_bytes_of_a_rejected_record_are_those_of_its_own_batch() -> None:
    """A row is rejected further down: its bytes are looked up by the batch it came in, not by a later one."""

    def raw_of(first: int, *texts: bytes) -> Callable[[int], bytes]:
        return lambda number: texts[number - first]

    batches = [
        Batch(["1", "x"], [0, 1], 2, raw=raw_of(0, b"<1>", b"<x>")),
        Batch(["y"], [2], 1, raw=raw_of(2, b"<y>")),
    ]
    seen: list[Batch[int]] = []
    reactivex.of(*batches).pipe(unbatched(changes), map(int)).subscribe(seen.append)
    assert [(bad.number, bad.raw) for b in seen for bad in b.rejected] == [(1, b"<x>"), (2, b"<y>")]


def test_a_row_that_comes_at_the_end_keeps_its_bytes_behind_a_batch_of_rejected_records() -> None:
    def last(rows: Observable[Any]) -> Observable[Any]:
        return rows.pipe(rx_ops.take_last(1))

    batches: list[Batch[Any]] = [
        Batch(["x"], [0], 1, raw=lambda number: (b"<x>",)[number], member="one"),
        Batch((), (), 2, (Rejected(b"?", "no", 1),), raw=lambda number: (b"<?>", b"<!>")[number - 1], member="two"),
    ]
    seen: list[Batch[int]] = []
    reactivex.of(*batches).pipe(unbatched(last), map(int)).subscribe(seen.append)
    assert [(batch.member, bad.number, bad.raw) for batch in seen for bad in batch.rejected] == [
        ("two", 1, b"?"),
        ("one", 0, b"<x>"),
    ]
    assert balanced(seen)
    assert sum(batch.received for batch in seen) == 3


def test_parts_stay_unique_through_an_extractor_behind_it() -> None:
    """Number and part together are what tells the rows of an artifact apart: their ``tp_id`` is made of them."""
    seen: list[Batch[str]] = []
    reactivex.of(Batch.of("a", "b", "c")).pipe(unbatched(twice, 1), halves()).subscribe(seen.append)
    keys = [(n, p) for b in seen for n, p in zip(b.numbers, b.parts, strict=True)]
    assert len(keys) == len(set(keys)) == 12


@extractor
def halves(row: str) -> Any:
    yield from row


def test_ticks_go_round_the_outside() -> None:
    inside: list[Any] = []
    op = unbatched(lambda rows: rows.pipe(rx_ops.do_action(inside.append)))
    assert [type(item) for item in run(op, TICK, Batch.of("a"), TICK)][:3] == [type(TICK), Batch, type(TICK)]
    assert inside == ["a"]


def test_anything_but_a_batch_is_a_mistake_in_the_chain() -> None:
    errors: list[Exception] = []
    reactivex.of("row").pipe(unbatched(changes)).subscribe(on_error=errors.append)
    assert [str(error) for error in errors] == ["unbatched() works on the rows of batches, but was given str"]


def test_an_error_of_the_subscriber_is_raised() -> None:
    errors: list[Exception] = []

    def sink(_: Any) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        pull(lambda: [Batch.of("a")]).pipe(unbatched(changes)).subscribe(sink, errors.append)
    assert errors == []


def test_it_does_what_every_operator_must() -> None:
    check_operator(lambda: unbatched(changes), [Batch.of("a", "b"), Batch.of("c", first=2)])
