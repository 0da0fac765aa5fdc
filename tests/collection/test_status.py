"""Counters, folded out of what passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tailpipe_rx.collection.facts import Begun, Counted
from tailpipe_rx.collection.status import with_status
from tailpipe_rx.events import (
    TICK,
    Artifact,
    ArtifactDiscovered,
    ArtifactDownloaded,
    ArtifactExtracted,
    ArtifactFailed,
    ArtifactSkipped,
    ChunkWritten,
    Status,
)
from tailpipe_rx.operators.pull import pull

A = Artifact("a", size=10)


def told(*items: tuple[float, Any], every: float = 0.25) -> list[Any]:
    """What comes out if each item passes at its second."""
    now = 0.0
    out: list[Any] = []

    def source() -> Iterator[Any]:
        nonlocal now
        for second, item in items:
            now = second
            if isinstance(item, Exception):
                raise item
            yield item

    with_status(every, clock=lambda: now)(pull(source)).subscribe(out.append, out.append, lambda: out.append("|"))
    return out


def test_there_is_one_at_the_end() -> None:
    assert told() == [Status(), "|"]


def test_there_is_one_at_the_end_before_an_error_too() -> None:
    error = ValueError("x")
    assert told((0, ArtifactDiscovered(A)), (0, error)) == [ArtifactDiscovered(A), Status(discovered=1), error]


def test_there_is_at_most_one_each_quarter_of_a_second() -> None:
    items = [(n / 100, Counted(A, 1, 1, 0)) for n in range(101)]
    statuses = told(*items)[:-2]
    assert [status.received for status in statuses] == [26, 51, 76, 101]


def test_a_tick_brings_one_and_is_not_seen() -> None:
    assert told((0.1, TICK), (0.3, TICK)) == [Status(), Status(), "|"]


def test_each_event_is_counted_where_it_belongs() -> None:
    events = [
        ArtifactDiscovered(A),
        ArtifactDownloaded(A, 10),
        Begun(A),
        Counted(A, 5, 3, 1),
        ChunkWritten(0, 2),
        ChunkWritten(1, 1),
        ArtifactExtracted(A, 5, 3, 1),
        ArtifactSkipped(A, "why"),
        ArtifactFailed(A, "how", 0),
    ]
    last = told(*((0.0, event) for event in events))[-2]
    assert last == Status(
        discovered=1,
        downloaded=1,
        extracted=1,
        skipped=1,
        failed=1,
        bytes=10,
        received=5,
        enriched=3,
        quarantined=1,
        rows=3,
        chunks=2,
        artifact="a",
    )
    assert last.filtered == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_what_is_received_is_enriched_quarantined_or_filtered(batches: list[tuple[int, int, int]]) -> None:
    last = told(*((0.0, Counted(A, e + q + f, e, q)) for e, q, f in batches))[-2]
    assert last.received == last.enriched + last.quarantined + last.filtered
    assert last.filtered == sum(f for _, _, f in batches)
