"""Cutting JSON lines at a row, without splitting them all."""

from __future__ import annotations


def end_of(lines: bytes, rows: int, start: int = 0) -> int:
    """Where *rows* lines from *start* on end. Raises ValueError if there are fewer.

    >>> end_of(b"{}\\n[]\\n1\\n", 2)
    6
    """
    for _ in range(rows):
        start = lines.index(b"\n", start) + 1
    return start
