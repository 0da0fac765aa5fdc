"""How deeply JSON is nested."""

from __future__ import annotations

import re
from typing import Final

DEEPEST: Final = 128
"""Levels of nesting that a record may have, itself included; DuckDB's limit."""
SHALLOW: Final = 2 * (DEEPEST - 1)
"""Bytes in which no value within a record can be nested too deeply."""

_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def too_deep(text: bytes, levels: int = DEEPEST - 1) -> bool:
    """Whether JSON is nested deeper than *levels*; by default, those that a value within a record may have."""
    # an array takes two bytes at least and an object around another value six: most texts are too short for more
    arrays = text.count(b"[") if b"[" in text else 0
    if arrays + (len(text) - 2 * arrays) // 6 < levels or arrays + text.count(b"{") <= levels:
        return False
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match[0]
        if mark in (b"{", b"["):
            depth += 1
            if depth > levels:
                return True
        elif mark in (b"}", b"]"):
            depth -= 1
    return False
