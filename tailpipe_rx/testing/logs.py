"""Artifacts for tests."""

from __future__ import annotations

from ..events import Artifact


def log(*lines: str | bytes, name: str = "test.log") -> Artifact:
    """An artifact of these lines, each ended by a newline.

    >>> log("hello", "world").content
    b'hello\\nworld\\n'
    """
    text = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
    return Artifact(name, size=len(text), content=text)
