"""Records out of a JSON document, whatever its form: whole blocks at once where they are in order, else one by one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

import attrs
import msgspec

from ..errors import ArtifactError, Truncated, Unrecognised
from ..events import Rejected
from ..operators.elements import BATCH_ROWS, RAW_KEPT, Batch, Content
from ..rows.reader import Reader
from ..rows.row import Row
from .blocks import BLOCK, LONGEST, Blocks, sliced, too_long
from .cut import Cutter
from .members import Members
from .scan import Scan

R = TypeVar("R", bound=Row)

_HEAD: Final = 64 * 1024  # how far a text that begins with something else is searched for JSON
_JSON_LINE: Final = re.compile(rb'(?:^|\n)[ \t]*+(?:\{[ \t]*+["}\r\n]|\[[ \t]*+[\[\]{"\r\n])')
_TRIES: Final = 4  # of a place to cut at, before the records are looked at one by one
_TAIL: Final = 16
_LONGEST_OPENING: Final = 512
_HELD: Final = 256 * 1024


class Records(Generic[R]):
    """One reading of one content."""

    def __init__(
        self,
        content: Content,
        key: str | None,
        read: Reader[R],
        stage: str,
        longest: int = LONGEST,
        size: int = BLOCK,
    ) -> None:
        self._content = content
        self._read = read
        self._stage = stage
        self._key = None if key is None else msgspec.json.encode(key)
        self._blocks = Blocks(content, size)
        self._cut = Cutter(self._blocks, longest)
        self._longest = longest
        self._first = 0  # the number of the next record to be passed on
        self._waiting: list[bytes | Rejected] = []
        self._held = 0  # bytes in it
        self._sound = True  # whether each of them is JSON
        self._lines_tried = self._block_tried = -1  # the arrival of text after which that was in vain
        self._between = b","  # what stands between two items
        self._open = ""  # what the text ended in the middle of

    def batches(self) -> Iterator[Batch[R]]:
        if self._is_json():
            yield from self._documents()
        yield from self._pass_on()
        failure = self._blocks.failure
        where = f"after {self._first} records" if self._first != 1 else "after one record"
        if isinstance(failure, ArtifactError):
            raise type(failure)(f"{failure} ({where})") from failure
        if failure is not None:
            raise failure
        if self._open:
            raise Truncated(
                f"{self._name}: ends inside {self._open}, {where}: the file was cut, or is still being written"
            )

    @property
    def _name(self) -> str:
        member = self._content.member
        return f"{self._content.artifact.name}!{member}" if member else self._content.artifact.name

    def _is_json(self) -> bool:
        """Whether there is anything to read; raises `Unrecognised` if it is something else than JSON."""
        cut = self._cut
        first = cut.space()
        if not first:
            return False
        if first in b"{[":
            return True
        while len(cut.text) - cut.at < _HEAD and cut.more():
            pass
        head = cut.text[cut.at : cut.at + _HEAD]
        if b"\0" not in head[:512] and _JSON_LINE.search(head):
            return True  # a text whose first line is broken
        if self._blocks.failure is not None:
            return False
        raise Unrecognised(f"{self._name}: is no JSON: it begins with {_shown(head)}")

    # --- the document -------------------------------------------------------------------------------------------------

    def _documents(self) -> Iterator[Batch[R]]:
        cut = self._cut
        while first := cut.space():
            if first == b"{" and self._lines_tried != cut.arrivals:
                yield from self._pass_on()
                if (batch := self._lines()) is not None:
                    yield from self._passed(batch)
                    continue
                self._lines_tried = cut.arrivals
            if self._key is not None and first == b"[":
                cut.at += 1
                yield from self._array()
            elif self._key is not None and first == b"{":
                yield from self._document()
            else:
                self._keep(cut.record(in_array=False))
            if self._open:
                return
            if self._is_full():
                yield from self._pass_on()

    def _document(self) -> Iterator[Batch[R]]:
        """An object that holds the array under the key, or is a record itself."""
        assert self._key is not None
        cut, members, any_array = self._cut, Members(self._cut, self._key), False
        while (found := members.find()) == "array":
            any_array = True
            yield from self._array()
            if self._open:
                return
        if not any_array and members.kept is None and not (members.empty and found == "end"):
            self._keep(cut.record(in_array=False))
            return
        if members.kept is not None and not any_array:
            cut.sound = False
            self._keep(too_long(members.kept, self._longest))
        cut.at += members.size
        if found == "cut" or (found == "broken" and not cut.skip(Scan(depth=1))):
            self._open = "the document"

    def _array(self) -> Iterator[Batch[R]]:
        """The items of the array whose opening bracket is just before ``at``."""
        cut = self._cut
        cut.begin()
        self._between = b","
        while mark := cut.space():
            if mark == b"]":
                cut.at += 1
                return
            if mark == b"{" and self._block_tried != cut.arrivals:
                yield from self._pass_on()
                batch, closed = self._block()
                if batch is not None:
                    yield from self._passed(batch)
                    if closed:
                        return
                    cut.more()
                    continue
                self._block_tried = cut.arrivals
            self._keep(cut.record(in_array=True))
            if self._open:
                return
            self._next_item()
            if self._is_full():
                yield from self._pass_on()
        self._open = f"the array of {self._key.decode()}" if self._key else "the array"

    def _next_item(self) -> None:
        """Skip the comma, and learn what stands between two items."""
        cut = self._cut
        arrivals, end = cut.arrivals, cut.at
        if cut.space() != b",":
            return
        cut.at += 1
        if cut.space() == b"{" and cut.arrivals == arrivals:
            self._between = cut.text[end : cut.at]

    # --- whole blocks -------------------------------------------------------------------------------------------------

    def _block(self) -> tuple[Batch[R] | None, bool]:
        """As many items as can be proved to be whole off the text at hand, and whether the array ends with them.

        JSON is prefix-deterministic: if ``[`` + text up to a cut + ``]`` decodes, the cut lies between two items. Most
        items begin with the same name, so that the last place that looks like a beginning is nearly always one.
        """
        cut = self._cut
        text, at = cut.text, cut.at
        if len(text) - at > self._longest:
            return None, False
        if text[-_TAIL:].rstrip().endswith(b"]}" if self._key else b"]"):
            end = text.rindex(b"]") + 1
            batch, _ = self._attempt(b"[" + text[at:end])
            if batch is not None:
                cut.at = end
                return batch, True
        colon = text.find(b":", at, at + _LONGEST_OPENING)
        openings = [text[at : colon + 1], b'{"'] if colon > 0 else [b'{"']
        for opening in openings:
            for between in dict.fromkeys((self._between, b",", b", ")):
                separator = b"}%b%b" % (between, opening)
                place = text.rfind(separator, at)
                for _ in range(_TRIES):
                    if place < 0:
                        break
                    batch, broken = self._attempt(b"".join((b"[", memoryview(text)[at : place + 1], b"]")))
                    if batch is not None:
                        cut.at = place + 1 + len(between)
                        return batch, False
                    if broken:
                        return None, False
                    place = text.rfind(separator, at, place)
        return None, False

    def _lines(self) -> Batch[R] | None:
        """The whole lines of the text at hand, if each of them is one object that does not hold the key."""
        cut = self._cut
        end = cut.text.rfind(b"\n", cut.at)
        if end < 0 or end - cut.at > self._longest:
            return None
        block = cut.text[cut.at : end].rstrip()
        if self._key is not None and self._key in block:
            return None
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        count = block.count(b"\n") + 1
        if not block.endswith(b"}") or block.count(b"}\n{") != count - 1:
            return None
        batch, _ = self._attempt(b"[%b]" % block.replace(b"}\n{", b"},{"))
        if batch is None or batch.received != count:  # a record over two lines may have become two
            return None
        cut.at = end + 1
        return batch

    def _attempt(self, array: bytes) -> tuple[Batch[R] | None, bool]:
        """The rows of *array*; without them, whether there is broken JSON in it, rather than a cut at a wrong place."""
        try:
            return self._read.array(array, self._first), False
        except RecursionError:
            return None, True
        except msgspec.DecodeError as error:
            return None, "truncated" not in str(error)

    # --- from records to batches --------------------------------------------------------------------------------------

    def _keep(self, record: bytes | Rejected | None) -> None:
        if record is None:
            self._open = f"record {self._first + len(self._waiting)}"
            return
        self._waiting.append(record)
        self._held += len(record) if isinstance(record, bytes) else RAW_KEPT
        self._sound = self._sound and self._cut.sound and isinstance(record, bytes)

    def _is_full(self) -> bool:
        return len(self._waiting) >= BATCH_ROWS or self._held >= _HELD

    def _pass_on(self) -> Iterator[Batch[R]]:
        waiting, sound = self._waiting, self._sound
        if not waiting:
            return
        self._waiting, self._held, self._sound = [], 0, True
        if sound:
            records = [record for record in waiting if isinstance(record, bytes)]
            batch, _ = self._attempt(b"[%b]" % b",".join(records))
            if batch is not None and batch.received == len(records):
                yield from self._passed(batch)
                return
        for whole, group in itertools.groupby(waiting, lambda record: isinstance(record, bytes)):
            if whole:
                yield from self._passed(self._read.records([r for r in group if isinstance(r, bytes)], self._first))
                continue
            for bad in group:
                if isinstance(bad, Rejected):
                    yield from self._passed(Batch((), (), 1, (attrs.evolve(bad, number=self._first),)))

    def _passed(self, batch: Batch[R]) -> Iterator[Batch[R]]:
        self._first += batch.received
        return sliced(batch, self._content.member, self._stage)


def _shown(head: bytes) -> str:
    """The first bytes, as a person can make something of them."""
    line = head.lstrip().split(b"\n", 1)[0][:40]
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        text = line[: error.start].decode() if error.start > 36 else ""  # a character that was cut in two
    if text and text.isprintable():
        return f"{text!r}"
    return f"the bytes {head[:16].hex(' ')}"
