"""Where JSON values end, without decoding them: in steps, and in text that may be broken."""

from __future__ import annotations

import re
from typing import ClassVar, Final

import msgspec

_STRING: Final = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_MARK: Final = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb')*+([{}\[\]"])?')
_IN_STRING: Final = re.compile(rb'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+')
SCALAR: Final = re.compile(_STRING + rb'|[^ \t\r\n,\[\]{}"]++')
MEMBER: Final = re.compile(rb'"([^"\\\n]*+(?:\\.[^"\\\n]*+)*+)"[ \t\r\n]*+:[ \t\r\n]*+(?=[^ \t\r\n])')
SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_check: Final = msgspec.json.Decoder(msgspec.Raw).decode


class Scan:
    """Looks for the end of an object or array by counting brackets outside strings.

    It can be continued when there is more text, and looks at each byte once. A string cannot hold a line feed: one that
    is not closed ends there, so that a missing quote does not turn all that follows inside out.
    """

    __slots__ = ("_depth", "_inside", "pos", "strict", "unclosed")
    BROKEN: ClassVar = -2

    def __init__(self, depth: int = 0, inside: bool = False, strict: bool = False) -> None:
        self.pos = 0
        """How far it has come, from the start of the value."""
        self.strict = strict
        """Whether to stop, with `BROKEN`, at a string that is not closed."""
        self._depth = depth
        self._inside = inside
        self.unclosed = False
        """Whether the last string that it went through is not closed."""

    def run(self, text: bytes, start: int, stop: int | None = None) -> int:
        """The end of the value that begins at *start*, from there; -1 if it is not in *text*, or not before *stop*.

        >>> Scan().run(b'[{"a}": 1}], 2', 1)
        9
        """
        at, depth = start + self.pos, self._depth
        size = len(text) if stop is None else min(stop, len(text))
        while True:
            if self._inside:
                at = self._string(text, at, size)
                if self._inside:
                    break
                if self.strict and self.unclosed:
                    self.pos, self._depth = at - start, depth
                    return self.BROKEN
            found = _MARK.match(text, at, size)
            assert found is not None  # it matches nothing, too
            at = found.end()
            mark = found[1]
            if mark is None:
                at = size
                break
            if mark == b'"':
                self._inside = True
            elif mark in b"{[":
                depth += 1
            else:
                depth -= 1
                if depth <= 0:
                    self.pos = at - start
                    return self.pos
        self.pos, self._depth = at - start, depth
        return -1

    def string(self, text: bytes, start: int) -> int:
        """Like `run`, for a string, the opening quote of which was before *start*."""
        end = self._string(text, start + self.pos, len(text))
        self.pos = end - start
        return -1 if self._inside else self.pos

    def _string(self, text: bytes, at: int, stop: int) -> int:
        """Behind the string, or as far as there is text of it."""
        found = _IN_STRING.match(text, at, stop)
        assert found is not None
        at = found.end()
        if at == stop or (text[at : at + 1] == b"\\" and at + 1 == stop):
            return at
        self._inside = False
        self.unclosed = text[at : at + 1] != b'"'
        return text.find(b"\n", at) if self.unclosed else at + 1


def flaw(text: bytes) -> int:
    """Where *text* stops being one JSON value: -1 if it is one, its length if only the end is missing.

    Half a surrogate pair is none: where a record ends does not depend on it.

    >>> flaw(b'{"a": 1}'), flaw(b'{"a": tru}'), flaw(b'{"a": 1')
    (-1, 7, 7)
    """
    try:
        _check(text)
    except RecursionError:  # whoever reads it says that it is too deep
        return -1
    except msgspec.DecodeError as error:
        if b"\\u" in text and (harmless := _SURROGATE.sub(rb"\\u00", text)) != text:
            return flaw(harmless)
        found = _BYTE.search(str(error))
        return int(found[1]) if found else len(text)
    return -1


def first_name(text: bytes, at: int) -> bytes | None:
    """The first member's name, in its quotes, of the object that begins at *at*; None if there is none in *text*."""
    start = SPACE.match(text, at + 1)
    found = MEMBER.match(text, start.end()) if start else None
    return b'"%b"' % found[1] if found and len(found[1]) <= 256 else None
