"""Sources and rows for the tests of operators."""

from collections.abc import Iterator
from typing import Any

from tailpipe_rx.operators.elements import Batch


class Counted:
    """Numbers from 0, without end unless *size* is given, which know how far they were pulled and whether closed."""

    def __init__(self, size: int | None = None, fail_at: int | None = None) -> None:
        self.size, self.fail_at = size, fail_at
        self.pulled = 0
        self.closed = 0

    def __call__(self) -> Iterator[int]:
        number = 0
        try:
            while number != self.size:
                if number == self.fail_at:
                    raise LookupError(f"no {number}")
                self.pulled += 1
                yield number
                number += 1
        finally:
            self.closed += 1


def balanced(batches: list[Any]) -> bool:
    """Whether each batch accounts for its records."""
    return all(
        isinstance(batch, Batch)
        and batch.received == len(batch.rows) + len(batch.rejected) + batch.filtered
        and batch.filtered >= 0
        and len(batch.numbers) == len(batch.rows)
        and len(batch.parts) in (0, len(batch.rows))
        for batch in batches
    )
