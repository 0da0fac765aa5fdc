"""Text for people: what comes from outside made harmless, numbers and paths made readable."""

from __future__ import annotations

import os
from typing import Final
from unicodedata import combining, east_asian_width

_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def safe(text: object) -> str:
    r"""*text* on one line, without anything that a terminal would obey or hide.

    Control characters, line and paragraph separators, invisible and direction-changing characters and surrogates are
    shown as escapes. To be used for everything that comes from outside: file names, log text, keys, error texts.

    >>> safe("a\x1b[31mred\nline")
    'a\\x1b[31mred\\nline'
    """
    value = str(text)
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() else _ESCAPES.get(c) or _escape(ord(c)) for c in value)


def _escape(point: int) -> str:
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def place(name: object) -> str:
    """The name of a file or artifact for people: relative where it lies below the current directory."""
    text = os.fspath(name) if isinstance(name, os.PathLike) else str(name)
    if os.path.isabs(text):
        try:
            below = os.path.relpath(text)
        except OSError:  # the current directory is gone
            below = text
        if not below.startswith(os.pardir):
            text = below
    return safe(text)


def columns(text: str) -> int:
    """How many columns of a terminal *text* takes.

    >>> columns("日本.log")
    8
    """
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def tail(text: str, width: int) -> str:
    """The end of *text*, in at most *width* columns: of a path, the end says more than the beginning.

    >>> tail("logs/2026/01/02/a.json.gz", 12)
    '…2/a.json.gz'
    """
    if columns(text) <= width:
        return text
    start = max(len(text) - width + 1, 0)
    while columns(text[start:]) > width - 1:
        start += 1
    return "…" + text[start:]


def count(n: int, noun: str) -> str:
    """A number and what it counts.

    >>> count(1, "row"), count(2900, "row")
    ('1 row', '2,900 rows')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def clock(seconds: float) -> str:
    """Time that went by.

    >>> clock(3.4), clock(75), clock(3725)
    ('0:03', '1:15', '1:02:05')
    """
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def duration(seconds: float) -> str:
    """How long something took.

    >>> duration(0.42), duration(12.3), duration(75)
    ('0.4 s', '12 s', '1:15 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{clock(seconds)} {'h' if seconds >= 3600 else 'min'}"
