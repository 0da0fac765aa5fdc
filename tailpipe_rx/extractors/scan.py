"""Where JSON values end, without decoding them: in steps, and in text that may be broken."""

from __future__ import annotations

import json
import re
from typing import Final

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

    __slots__ = ("_depth", "_inside", "pos")

    def __init__(self, depth: int = 0, inside: bool = False) -> None:
        self.pos = 0
        """How far it has come, from the start of the value."""
        self._depth = depth
        self._inside = inside

    def run(self, text: bytes, start: int) -> int:
        """The end of the value that begins at *start*, from there; -1 if it is not in *text*.

        >>> Scan().run(b'[{"a}": 1}], 2', 1)
        9
        """
        at, size, depth = start + self.pos, len(text), self._depth
        while True:
            if self._inside:
                at = self._string(text, at)
                if self._inside:
                    break
            found = _MARK.match(text, at)
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
        end = self._string(text, start + self.pos)
        self.pos = end - start
        return -1 if self._inside else self.pos

    def _string(self, text: bytes, at: int) -> int:
        """Behind the string, or as far as there is text of it."""
        found = _IN_STRING.match(text, at)
        assert found is not None
        at = found.end()
        if at == len(text) or (text[at : at + 1] == b"\\" and at + 1 == len(text)):
            return at
        self._inside = False
        return at + 1 if text[at : at + 1] == b'"' else text.find(b"\n", at)


def flaw(text: bytes) -> int:
    """Where *text* stops being one JSON value: -1 if it is one, its length if only the end is missing.

    >>> flaw(b'{"a": 1}'), flaw(b'{"a": tru}'), flaw(b'{"a": 1')
    (-1, 7, 7)
    """
    try:
        _check(text)
    except RecursionError:  # whoever reads it says that it is too deep
        return -1
    except msgspec.DecodeError as error:
        if _SURROGATE.search(text) and _is_json(text):
            return -1
        found = _BYTE.search(str(error))
        return int(found[1]) if found else len(text)
    return -1


def _is_json(text: bytes) -> bool:
    """By a decoder to which half a surrogate pair is no error: where a record ends does not depend on that."""
    try:
        json.loads(text.decode(errors="replace"))
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def first_name(text: bytes, at: int) -> bytes | None:
    """The first member's name, in its quotes, of the object that begins at *at*; None if there is none in *text*."""
    start = SPACE.match(text, at + 1)
    found = MEMBER.match(text, start.end()) if start else None
    return b'"%b"' % found[1] if found and len(found[1]) <= 256 else None
