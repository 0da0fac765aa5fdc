"""What a run came to, and its exit code."""

import pytest

from tailpipe_rx.cli.outcome import SHOWN, Outcome
from tailpipe_rx.events import (
    Artifact,
    ArtifactDiscovered,
    ArtifactExtracted,
    ArtifactFailed,
    ChunkWritten,
    Completed,
    Event,
    Rejected,
    RowsQuarantined,
    Started,
)

A = Artifact("/logs/a.log")
FOUND = ArtifactDiscovered(A)
DONE = ArtifactExtracted(A, 3, 3, 0)
DENIED = ArtifactFailed(A, "[Errno 13] Permission denied: '/logs/a.log'", 0, opened=False)
DAMAGED = ArtifactFailed(A, "the gzip data end too early", 2)
BAD = RowsQuarantined(A, 2, Rejected(b"?", "no time", 1))
END = Completed("x", 3, 1)


def outcome(*events: Event) -> Outcome:
    out = Outcome()
    for event in (Started("x"), *events):
        out.see(event)
    return out


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ((END,), 0),
        ((FOUND, DONE, ChunkWritten(0, 3), END), 0),
        ((FOUND, BAD, DONE, END), 3),
        ((FOUND, DAMAGED, END), 3),
        ((FOUND, FOUND, DENIED, DONE, END), 3),
        ((FOUND, FOUND, DENIED, DAMAGED, END), 3),
        ((FOUND, DENIED, END), 1),
        ((FOUND, FOUND, DENIED, DENIED, END), 1),
        ((FOUND, DONE, Completed("x", 0, 0, "disk full")), 1),
    ],
)
def test_the_exit_code_says_how_it_went(events: tuple[Event, ...], code: int) -> None:
    assert outcome(*events).exit_code == code


def test_a_run_that_was_stopped_says_so_whatever_else_happened() -> None:
    out = outcome(FOUND, DAMAGED, END)
    out.interrupted = 130
    assert out.exit_code == 130


def test_only_the_first_failures_are_kept_but_all_are_counted() -> None:
    out = outcome(*[FOUND, DAMAGED] * 1000)
    assert (out.failed, len(out.failures)) == (1000, SHOWN)


def test_rejected_records_are_counted_and_the_first_is_kept() -> None:
    other = RowsQuarantined(A, 1, Rejected(b"!", "later", 9))
    out = outcome(FOUND, BAD, other, DONE)
    assert (out.rejected, out.first_rejected) == (3, BAD)
