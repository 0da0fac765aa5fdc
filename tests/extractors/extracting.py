"""What the tests of the extractors share: a row class, contents in pieces of any size, and what came out of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import attrs

from tailpipe_rx.errors import TailpipeError
from tailpipe_rx.events import Artifact, Rejected
from tailpipe_rx.operators.elements import BATCH_ROWS, Batch, Content
from tailpipe_rx.rows.row import Json, Row


class Seen(Row):
    """Something that was seen."""

    eventVersion: Annotated[str | None, "What the first name of a record often is."] = None
    n: Annotated[int | None, "A number."] = None
    s: Annotated[str | None, "A text."] = None
    nested: Annotated[Json[Any] | None, "Anything."] = None


@attrs.frozen
class Extracted:
    """All that an extractor made of a content."""

    rows: list[tuple[int, Any]]
    """Number and row."""
    rejected: list[Rejected]
    error: TailpipeError | None

    @property
    def received(self) -> int:
        return len(self.rows) + len(self.rejected)

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.rows]

    @property
    def bad(self) -> list[tuple[int, bytes]]:
        return [(bad.number, bad.raw) for bad in self.rejected]


def content(data: bytes, step: int = 1 << 18, failure: Exception | None = None) -> Content:
    """*data* in pieces of *step* bytes, and then perhaps the damage."""

    def pieces() -> Iterator[bytes]:
        for i in range(0, len(data), step):
            yield data[i : i + step]
        if failure is not None:
            raise failure

    return Content(Artifact("logs/a.log"), pieces())


def extracted(batches: Iterable[Batch[Any]]) -> Extracted:
    """Runs an extractor, and checks what holds for all of them."""
    rows: list[tuple[int, Any]] = []
    rejected: list[Rejected] = []
    error: TailpipeError | None = None
    received = 0
    try:
        for batch in batches:
            assert 0 < batch.received == len(batch.rows) + len(batch.rejected)
            assert len(batch.rows) <= BATCH_ROWS
            numbers = sorted([*batch.numbers, *(bad.number for bad in batch.rejected)])
            assert numbers == list(range(received, received + batch.received))
            assert all(bad.stage for bad in batch.rejected)
            assert batch.raw is not None or not batch.rows
            received += batch.received
            rows += zip(batch.numbers, batch.rows, strict=True)
            rejected += batch.rejected
            for number in list(batch.numbers)[:3]:
                assert batch.raw is not None and batch.raw(number)
    except TailpipeError as failure:
        error = failure
    return Extracted(rows, rejected, error)


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
