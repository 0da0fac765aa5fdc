"""The members of a top-level object, looked through for an array without decoding what stands around it."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ..operators.elements import RAW_KEPT
from .cut import Cutter
from .scan import MEMBER, SCALAR, SPACE, Scan

Found: TypeAlias = Literal["array", "end", "broken", "cut"]
_LONGEST_NAME: Final = 64 * 1024


class Members:
    """A walk through the object that begins at ``cut.at``.

    While it may still turn out to be a record itself it is held in memory, up to the longest that a record may be.
    """

    def __init__(self, cut: Cutter, key: bytes) -> None:
        self.size = 1
        """How far the walk has come, from ``cut.at``."""
        self.empty = False
        """Whether the key is there, with null."""
        self.kept: bytes | None = None
        """The first bytes of an object that is too long to be held."""
        self._cut = cut
        self._key = key[1:-1]
        self._hold = True
        self._after_value = False

    def find(self) -> Found:
        """Go on: to the next array under the key (``cut.at`` is behind its bracket) or to the end of the object."""
        cut = self._cut
        while True:
            self._release()
            mark = self._mark()
            if not mark:
                return "cut"
            if mark == b"}":
                self.size += 1
                self._release()
                return "end"
            if self._after_value:
                if mark != b",":
                    return "broken"
                self.size += 1
                self._after_value = False
                continue
            if mark != b'"':
                return "broken"
            name = self._name()
            if name is None:
                return "cut" if len(cut.text) - cut.at - self.size < _LONGEST_NAME else "broken"
            if name == self._key and self._mark() == b"[":
                cut.at += self.size + 1
                self.size, self._hold, self._after_value = 0, False, True
                return "array"
            if not self._value(name == self._key):
                return "cut"
            self._after_value = True

    def _release(self) -> None:
        """Let go of what is behind, if the object cannot be a record any more."""
        if self._hold and self.size > self._cut.longest:
            self.kept = self._cut.text[self._cut.at : self._cut.at + RAW_KEPT]
            self._hold = False
        if not self._hold:
            self._cut.at += self.size
            self.size = 0

    def _mark(self) -> bytes:
        """The next character that is not white space."""
        cut = self._cut
        while True:
            found = SPACE.match(cut.text, cut.at + self.size)
            self.size = (found.end() if found else len(cut.text)) - cut.at
            self._release()
            if cut.at + self.size < len(cut.text):
                return cut.text[cut.at + self.size : cut.at + self.size + 1]
            if not cut.more():
                return b""

    def _name(self) -> bytes | None:
        cut = self._cut
        while (found := MEMBER.match(cut.text, cut.at + self.size)) is None:
            if len(cut.text) - cut.at - self.size >= _LONGEST_NAME or not cut.more():
                return None
        self.size = found.end() - cut.at
        return found[1]

    def _value(self, wanted: bool) -> bool:
        """Skip a value; False if the text ends inside it."""
        cut = self._cut
        mark = cut.text[cut.at + self.size : cut.at + self.size + 1]
        if mark in b'{["':
            scan = Scan(inside=mark == b'"')
            run = scan.string if mark == b'"' else scan.run
            self.size += mark == b'"'
            while (end := run(cut.text, cut.at + self.size)) < 0:
                if not self._hold or self.size + scan.pos > cut.longest:
                    self.size += scan.pos
                    scan.pos = 0
                    self._release()
                if not cut.more():
                    return False
            self.size += end
            return True
        while True:
            found = SCALAR.match(cut.text, cut.at + self.size)
            end = found.end() - cut.at if found else self.size
            if cut.at + end < len(cut.text) or end - self.size > _LONGEST_NAME or not cut.more():
                break
        self.empty = self.empty or (wanted and found is not None and found[0] == b"null")
        self.size = end
        return True
