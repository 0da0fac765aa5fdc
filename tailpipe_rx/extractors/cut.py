"""Single records out of JSON text as it streams by: exact, resumable, and at ease with broken ones.

Where a record ends depends on the text alone, never on how it comes in pieces.
"""

from __future__ import annotations

import re
from typing import Final

from ..events import Rejected
from ..operators.elements import RAW_KEPT
from .blocks import LONGEST, Blocks, too_long
from .scan import SCALAR, SPACE, Scan, first_name, flaw

TRUSTED: Final = 512
"""How far behind the place where a record is broken its brackets are trusted; then what looks like the next one is."""
_NEAR: Final = 8 * 1024  # how far it is looked for by its name; then any object will do

_FEW: Final = rb"[ \t\r\n]{0,256}"
_OVERLAP: Final = 2048  # more than what looks like the beginning of a record can be long
_NEXT_OBJECT: Final = re.compile(rb"\}" + _FEW + rb"," + _FEW + rb"\{" + _FEW + rb'"')
_NEXT_ITEM: Final = re.compile(rb"," + _FEW + rb"[{\[]")
_NEXT_LINE: Final = re.compile(rb"\n(?=\{)|\}(?=[ \t\r\n]{0,256}\{)")


class Cutter:
    """The text that is at hand, from ``at`` on, and how to get more of it."""

    def __init__(self, blocks: Blocks, longest: int = LONGEST) -> None:
        self.text = b""
        self.at = 0
        self.blocks = blocks
        self.longest = longest
        self.arrivals = 0
        """How often more text has come."""
        self.sound = True
        """Whether the last record is JSON; else it is one only by its looks."""
        self._learnt: bytes | None = None

    def more(self) -> bool:
        """Get another block; what is before ``at`` is forgotten. False at the end."""
        block = self.blocks.next()
        if not block:
            return False
        self.text = self.text[self.at :] + block
        self.at = 0
        self.arrivals += 1
        return True

    def space(self) -> bytes:
        """Skip white space: the character behind it, empty at the end."""
        while True:
            found = SPACE.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text):
                return self.text[self.at : self.at + 1]
            if not self.more():
                return b""

    def begin(self) -> None:
        """An array begins at ``at``; most of its records will begin like the first."""
        self._learnt = self._name() if self.space() == b"{" else None

    # --- records ------------------------------------------------------------------------------------------------------

    def record(self, in_array: bool) -> bytes | Rejected | None:
        """The record that begins at ``at``, which is moved behind it; None if the text ends inside it."""
        self.sound = True
        if self.text[self.at] in b"{[":
            return self._nested(in_array)
        return self._scalar() if in_array else self._line()

    def _nested(self, in_array: bool) -> bytes | Rejected | None:
        scan, end, broken = Scan(strict=True), -1, -1
        stop = min(TRUSTED, self.longest)
        while True:
            if end < 0:
                end = scan.run(self.text, self.at, self.at + stop + 1)
            if end == Scan.BROKEN:
                return self._broken(flaw(self._here(scan.pos)) if broken < 0 else broken, in_array)
            if 0 <= end <= stop:
                break
            if len(self.text) - self.at <= stop:  # not scan.pos, which stays before a backslash that is the last byte
                if not self.more():
                    return self._unfinished(in_array)
                continue
            # Looked at whenever it has doubled: lest each of many broken records is followed to the end of all.
            at = flaw(self._here(stop)) if broken < 0 else broken
            if 0 <= at < stop and (broken >= 0 or at + TRUSTED < stop):
                return self._broken(at, in_array)
            if 0 <= at < stop:
                broken, stop = at, min(at + TRUSTED, self.longest)
                if scan.pos > stop:
                    return self._broken(at, in_array)
            elif stop == self.longest:
                return self._too_long(scan, end, in_array)
            else:
                stop = min(stop * 2, self.longest)
        at = flaw(self._here(end))
        if self._is_end(end, in_array, at < 0):
            return self._take(end, at < 0)
        return self._broken(at if at >= 0 else end, in_array)

    def _scalar(self) -> bytes | Rejected | None:
        """An item that is neither object nor array: no row, but it has its place."""
        end = self._text() if self.text[self.at] in b'"' else self._word()
        if not end and self.text[self.at : self.at + 1] == b",":
            return self._take(0, sound=False)
        if end and self._is_end(end, True, True):
            return self._take(end, flaw(self._here(end)) < 0)
        return self._broken(0, True, _NEXT_ITEM)

    def _text(self) -> int:
        """The length of the text that begins at ``at``; 0 if it is not closed, or too long."""
        scan = Scan(inside=True)
        while (end := scan.string(self.text, self.at + 1)) < 0:
            if scan.pos > self.longest or not self.more():
                return 0
        return 0 if scan.unclosed or end >= self.longest else end + 1

    def _word(self) -> int:
        """The length of the number or literal that begins at ``at``; 0 if there is none, or it is too long."""
        while True:
            found = SCALAR.match(self.text, self.at)
            end = found.end() - self.at if found else 0
            if end > self.longest:
                return 0
            if self.at + end < len(self.text) or not self.more():
                return end

    def _line(self) -> bytes | Rejected:
        """To the end of the line: what is no JSON at all has no other end."""
        searched = 0
        while (end := self.text.find(b"\n", self.at + searched)) < 0:
            searched = len(self.text) - self.at
            if searched > self.longest:
                return self._dropped(re.compile(rb"\n"))
            if not self.more():
                end = len(self.text)
                break
        if end - self.at > self.longest:
            bad = too_long(self._here(RAW_KEPT), self.longest)
            self.at = end
            return bad
        return self._take(end - self.at, sound=False)

    def _here(self, size: int) -> bytes:
        return self.text[self.at : self.at + size]

    def _take(self, size: int, sound: bool) -> bytes:
        record = self._here(size)
        self.at += size
        self.sound = sound
        return record if sound else record.rstrip()

    def _name(self) -> bytes | None:
        """The name of the first member, which most records of an array have in common."""
        while (name := first_name(self.text, self.at)) is None:
            if len(self.text) - self.at > _OVERLAP or not self.more():
                return None
        return name

    # --- where it ends ------------------------------------------------------------------------------------------------

    def _is_end(self, end: int, in_array: bool, sound: bool) -> bool:
        """Whether what follows is what follows a record; stricter where the record itself is broken."""
        first, second, line = self._after(end)
        if not in_array:
            return line or not first or first in b"{["
        if first == b",":
            return sound or not second or second in b"{["
        # a broken record that ends with the text has closed its brackets with those of the array
        return first == b"]" or (sound and (not first or first in b"{["))

    def _after(self, end: int) -> tuple[bytes, bytes, bool]:
        """The first character behind *end*, the next if that is a comma, and whether a line ends before the first."""
        while True:
            found = SPACE.match(self.text, self.at + end)
            at = found.end() if found else len(self.text)
            line = b"\n" in self.text[self.at + end : at]
            first, second = self.text[at : at + 1], b""
            if first == b",":
                found = SPACE.match(self.text, at + 1)
                second = self.text[found.end() : found.end() + 1] if found else b""
            known = bool(first) and (first != b"," or bool(second))
            if known or len(self.text) - self.at > end + self.longest or not self.more():
                return first, second, line

    def _unfinished(self, in_array: bool) -> bytes | Rejected | None:
        """The text has ended before the record; is it cut off, or was it broken before?"""
        at = flaw(self.text[self.at :])
        if 0 <= at < len(self.text) - self.at:
            return self._broken(at, in_array)
        if not in_array:  # lines that stand for themselves show that it is the first which is broken
            for found in _NEXT_LINE.finditer(self.text, self.at + 1):
                following = self.text[found.end() :].split(b"\n", 1)[0]
                return self._take(found.end() - self.at, sound=False) if flaw(following) < 0 else None
        return None

    def _broken(self, at: int, in_array: bool, pattern: re.Pattern[bytes] | None = None) -> bytes | Rejected:
        """A record that is broken at byte *at* of it: up to what looks like the next one, behind that place."""
        looks = [pattern or _NEXT_OBJECT] if in_array else [_NEXT_LINE]
        if in_array and pattern is None and (names := {self._learnt, self._name()} - {None}):
            any_name = b"|".join(re.escape(name) for name in sorted(filter(None, names)))
            # by its name the next one is known even where it is the closing brace that is missing
            looks.insert(0, re.compile(rb"\}?" + _NEXT_OBJECT.pattern[2:-1] + rb"(?:" + any_name + rb")"))
        beyond = at if in_array else 0
        for look in looks:
            searched, limit = 1, self.longest if look is looks[-1] else min(self.longest, at + _NEAR)
            while (end := self._find(look, searched, beyond, limit)) < 0:
                searched = max(1, len(self.text) - self.at - _OVERLAP)
                if searched > limit or not self.more():
                    break
            if 0 <= end <= limit:
                return self._take(end, sound=False)
        if len(self.text) - self.at > self.longest:
            return self._dropped(looks[-1])
        end = self.text.rfind(b"]", self.at + at) if in_array else -1
        return self._take((end if end >= 0 else len(self.text)) - self.at, sound=False)

    def _find(self, pattern: re.Pattern[bytes], start: int, beyond: int, limit: int | None = None) -> int:
        end = len(self.text) if limit is None else self.at + limit + _OVERLAP
        for found in pattern.finditer(self.text, self.at + start, end):
            if found.end() - self.at >= beyond:
                return found.start() - self.at + (found[0][:1] == b"}")
        return -1

    def _too_long(self, scan: Scan, end: int, in_array: bool) -> Rejected:
        """Skip a record that is larger than one may be; no more than a block of it is in memory.

        Outside an array an object at the beginning of a line ends it too: it may prove to be broken only further on.
        """
        bad = too_long(self._here(RAW_KEPT), self.longest)
        scan.strict = False
        while True:
            if end < 0:
                end = scan.run(self.text, self.at)
            line = -1 if in_array else self.text.find(b"\n{", self.at) - self.at
            if line >= 0 and not 0 <= end < line:
                end = line
            if end >= 0:
                self.at += end
                return bad
            self.at += scan.pos - 1  # a line feed may be the last that there is
            scan.pos = 1
            if not self.more():
                self.at = len(self.text)
                return bad

    def skip(self, scan: Scan, end: int = -1) -> bool:
        """Move to where *scan* ends, forgetting the text on the way; False if the text ends before."""
        if end < 0:
            end = scan.run(self.text, self.at)
        while end < 0:
            self.at += scan.pos
            scan.pos = 0
            if not self.more():
                return False
            end = scan.run(self.text, self.at)
        self.at += end
        return True

    def _dropped(self, pattern: re.Pattern[bytes]) -> Rejected:
        """The same for a broken one, the end of which only shows where another begins."""
        bad = too_long(self._here(RAW_KEPT), self.longest)
        self.at += self.longest
        while (end := self._find(pattern, 0, 0)) < 0:
            self.at = max(self.at, len(self.text) - _OVERLAP)
            if not self.more():
                self.at = len(self.text)
                return bad
        self.at += end
        return bad
