"""What a line of a chunk must not hold, although it may be JSON of sorts.

A chunk is the contract with whoever reads it: DuckDB refuses a *whole file* for one name that stands twice in an
object, one lone surrogate, or one value nested deeper than 128 levels. JSON decoders let all three through (a name that
stands twice silently loses its first value), so they are looked for here, and such a record is rejected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from ..errors import RecordError
from .twins import Shape, Twin

DEEPEST: Final = 128
"""Levels of nesting that a record may have, itself included; DuckDB's limit."""

_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_keys: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_encode: Final = msgspec.json.encode


def whole(text: bytes, rows: Iterable[Any], of: Shape, twin: Twin) -> bool:
    """Whether the array *text*, which was decoded to *rows*, certainly holds nothing of the kind. May doubt in vain."""
    if b"\\" in text and _SURROGATE.search(text):
        return False
    for column in of.json:
        # a descriptor's raw(): the slot as it is, without decoding it
        for value in map(of.cls.__dict__[column].raw, rows):
            if value is not None and len(value) > DEEPEST and too_deep(bytes(value), DEEPEST - 1):
                return False
    length = len(_encode(twin.verbatim(text)))
    return length == len(text) or length == len(msgspec.json.format(text, indent=-1))


def check(text: bytes, of: Shape) -> dict[str, Raw]:
    """The values of one record; raises `RecordError` if it holds anything of the kind. Exact."""
    if too_deep(text, DEEPEST):
        raise RecordError(f"it is nested deeper than {DEEPEST} levels")
    if _SURROGATE.search(text):
        try:
            str(json.loads(text)).encode()
        except UnicodeEncodeError:
            raise RecordError("a \\u escape is half of a surrogate pair") from None
    return _unique(text, of, "")


def _unique(text: bytes, of: Shape, path: str) -> dict[str, Raw]:
    values = _keys(text)
    length = len(_encode(values))
    if length != len(text) and length != len(msgspec.json.format(text, indent=-1)):
        # names with escapes change the length too: only now is it worth a slow look
        names = [name for name, _ in json.loads(text, object_pairs_hook=list)]
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise RecordError(f"the name {path + twice!r} stands twice in it")
    for column, inner in of.structs.items():
        value = values.get(of.names[column])
        if value is not None and bytes(value)[:1] == b"{":
            _unique(bytes(value), inner, f"{path}{of.names[column]}.")
    return values


def too_deep(text: bytes, levels: int) -> bool:
    """Whether JSON is nested deeper than *levels*."""
    if text.count(b"{") + text.count(b"[") <= levels:
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
