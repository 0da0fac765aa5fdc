"""Whatever a chain does, records are never lost and never invented: received = rows + rejected + filtered."""

from collections.abc import Callable, Iterator
from typing import Any

import reactivex
from endless import balanced
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import Observable
from reactivex import operators as rx_ops

from tailpipe_rx.events import TICK, Rejected, Tick
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.operators.extractor import extractor
from tailpipe_rx.operators.lifted import do_action, filter, map
from tailpipe_rx.operators.pipe import pipe
from tailpipe_rx.operators.unbatched import unbatched


def fails_on(bad: int) -> Callable[[int], int]:
    def same(row: int) -> int:
        if row % 7 == bad:
            raise ValueError(f"{row} is bad")
        return row

    return same


def keeps(divisor: int, bad: int) -> Callable[[int], bool]:
    check = fails_on(bad)
    return lambda row: check(row) % divisor == 0


@extractor
def times(row: int, n: int, bad: int) -> Iterator[int]:
    for _ in range(row % (n + 1)):
        yield row
    if row % 5 == bad:
        raise ValueError("late")


def every(n: int) -> Callable[[Observable[int]], Observable[int]]:
    def inner(rows: Observable[int]) -> Observable[int]:
        return rows.pipe(rx_ops.filter_indexed(lambda _, i: i % n == 0))

    return inner


bad = st.integers(0, 9)
STAGES = st.one_of(
    bad.map(lambda b: map(fails_on(b))),
    bad.map(lambda b: do_action(fails_on(b))),
    st.tuples(st.integers(1, 4), bad).map(lambda a: filter(keeps(*a))),
    st.tuples(st.integers(1, 3), bad).map(lambda a: times(*a)),
    st.tuples(st.integers(1, 3), st.integers(1, 4)).map(lambda a: unbatched(every(a[0]), a[1])),
)


@st.composite
def sources(draw: st.DrawFn) -> list[Any]:
    """Batches as an extractor makes them: numbered through, some records rejected, some unwanted, ticks between."""
    items: list[Any] = []
    number = 0
    for kinds in draw(st.lists(st.lists(st.sampled_from(["row", "bad", "unwanted", "tick"]), max_size=12), max_size=5)):
        rows, numbers, rejected, received = [], [], [], 0
        for kind in kinds:
            if kind == "tick":
                items.append(TICK)
                continue
            received += 1
            if kind == "row":
                rows.append(draw(st.integers(0, 20)))
                numbers.append(number)
            elif kind == "bad":
                rejected.append(Rejected(b"?", "no", number, "source"))
            number += 1
        items.append(Batch(rows, numbers, received, tuple(rejected), raw=b"%d".__mod__))
    return items


@settings(max_examples=300, deadline=None)
@given(sources(), st.lists(STAGES, min_size=1, max_size=5))
def test_a_chain_accounts_for_every_record(items: list[Any], stages: list[Any]) -> None:
    seen: list[Any] = []
    errors: list[Exception] = []
    reactivex.from_iterable(items).pipe(pipe(*stages)).subscribe(seen.append, errors.append)
    batches = [item for item in seen if not isinstance(item, Tick)]
    assert errors == []
    assert balanced(batches)
    assert len(seen) - len(batches) == sum(isinstance(item, Tick) for item in items)
    given_batches = [item for item in items if isinstance(item, Batch)]
    numbers = {n for batch in given_batches for n in (*batch.numbers, *(bad.number for bad in batch.rejected))}
    out = [n for batch in batches for n in batch.numbers]
    lost = [bad for batch in batches for bad in batch.rejected]
    assert {*out, *(bad.number for bad in lost)} <= numbers
    # no rejected record is lost, and each has the bytes of its own record
    before = [bad for batch in given_batches for bad in batch.rejected]
    assert [bad for bad in lost if bad.stage == "source"] == before
    assert all(bad.raw == b"%d" % bad.number for bad in lost if bad.stage != "source")
    # number and part tell all rows apart
    keys = [(n, batch.parts[i] if batch.parts else 0) for batch in batches for i, n in enumerate(batch.numbers)]
    assert len(keys) == len(set(keys))


@settings(max_examples=200, deadline=None)
@given(sources(), st.lists(STAGES.filter(lambda op: op.factory.__name__ != "times"), min_size=1, max_size=5))
def test_where_no_record_becomes_several_the_sum_is_that_of_the_source(items: list[Any], stages: list[Any]) -> None:
    seen: list[Any] = []
    reactivex.from_iterable(items).pipe(pipe(*stages)).subscribe(seen.append)
    received = sum(batch.received for batch in seen if isinstance(batch, Batch))
    assert received == sum(batch.received for batch in items if isinstance(batch, Batch))


@settings(max_examples=200, deadline=None)
@given(sources(), st.lists(STAGES, min_size=1, max_size=4))
def test_the_same_input_gives_the_same_output(items: list[Any], stages: list[Any]) -> None:
    """Ids are made of numbers and parts: collecting twice must give the same."""

    def run() -> list[Any]:
        seen: list[Any] = []
        reactivex.from_iterable(items).pipe(pipe(*stages)).subscribe(seen.append)
        return seen

    assert run() == run()
