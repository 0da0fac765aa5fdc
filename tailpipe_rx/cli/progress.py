"""The live line: what is happening, in as many words as there is room for."""

from __future__ import annotations

from collections import deque
from typing import Final

from ..events import Status
from .text import clock, columns, count, place, tail

Segment = tuple[str, str]
"""A piece of text and its style."""

RATE_OVER: Final = 3.0
"""Rows per second are those of the last so many seconds: steady to look at, and soon right."""
_NAME_MIN: Final = 12
"""An artifact's name is not shown in fewer columns."""


class Progress:
    """The last `Status`, and how fast rows come. *now* is in seconds, of any clock that does not go back."""

    def __init__(self, began: float) -> None:
        self.status = Status()
        self._began = self._now = began
        self._seen: deque[tuple[float, int]] = deque([(began, 0)])

    def update(self, status: Status, now: float) -> None:
        self.status, self._now = status, now
        self._seen.append((now, status.enriched))
        while len(self._seen) > 2 and now - self._seen[1][0] >= RATE_OVER:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Rows per second."""
        then, rows = self._seen[0]
        return (self.status.enriched - rows) / (self._now - then) if self._now > then else 0.0

    def line(self, width: int) -> list[Segment]:
        """One line of at most *width* columns. What matters least goes first when there is little room.

        >>> progress = Progress(0.0)
        >>> progress.update(Status(discovered=28, extracted=3, enriched=2900, artifact="logs/a.json.gz"), 1.0)
        >>> "".join(text for text, _ in progress.line(80))
        '0:01  3/28 artifacts  2,900 rows  2,900/s  logs/a.json.gz'
        >>> "".join(text for text, _ in progress.line(40))
        '0:01  3/28  2,900 rows  2,900/s'
        """
        s = self.status
        done = s.extracted + s.failed + s.skipped
        artifacts = f"{done:,}/{s.discovered:,}"
        long, short = (f"{artifacts} artifacts", "cyan"), (artifacts, "cyan")
        begin: Segment = (clock(self._now - self._began), "dim")
        rows: Segment = (count(s.enriched, "row"), "bold")
        rate: Segment = (f"{self.rate:,.0f}/s", "dim")
        bad: list[Segment] = []
        if s.failed:
            bad.append((f"{s.failed:,} failed", "red"))
        if s.quarantined:
            bad.append((f"{s.quarantined:,} rejected", "yellow"))
        for parts in (
            [begin, long, rows, rate, *bad],
            [begin, short, rows, rate, *bad],
            [begin, short, rows, *bad],
            [short, rows, *bad],
            [rows, *bad],
        ):
            if _columns(parts) <= width:
                break
        else:
            parts = [(tail(rows[0], width), rows[1])]
        left = width - _columns(parts) - 2
        name = place(s.artifact)
        if name and left >= min(_NAME_MIN, columns(name)) and parts[0] is begin:
            parts.append((tail(name, left), "dim"))
        return [segment for i, part in enumerate(parts) for segment in ((("  ", ""), part) if i else (part,))]


def _columns(parts: list[Segment]) -> int:
    return sum(columns(text) for text, _ in parts) + 2 * (len(parts) - 1)
