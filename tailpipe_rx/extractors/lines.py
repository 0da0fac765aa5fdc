"""`lines`: text, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import attrs
from reactivex import Observable

from ..events import Rejected
from ..operators.elements import Batch, Content
from ..operators.operator import Operator, operator
from ..operators.pull import each
from .blocks import BLOCK, LONGEST, Blocks, line_blocks, sliced


def lines(longest: int = LONGEST) -> Operator[Content, Batch[str]]:
    r"""The lines of an artifact as text (UTF-8), one record each.

    A line ends with LF or CR LF, which is no part of it; the last one may end with the file. An empty line is no record
    and has no number; one of blanks is a record. A byte-order mark in front is no part of the first line. A line that
    is not UTF-8 is rejected with its bytes, one of more than *longest* bytes (16 MB) with its first 64 KB, and is not
    held in memory.

    >>> from tailpipe_rx import ops
    >>> from tailpipe_rx.testing import draw, log
    >>> draw("--x-----|", ops.pipe(ops.load(), lines()), x=log("one", "two", b"\xff"), a="one", b="two")
    '--[ab#]-|'
    """
    return _lines(longest)


@operator
def _lines(source: Observable[Content], longest: int = LONGEST) -> Observable[Batch[str]]:
    return each(source, partial(text_lines, longest=longest))


_lines.__name__ = "lines"


def text_lines(content: Content, longest: int = LONGEST, size: int = BLOCK) -> Iterator[Batch[str]]:
    first = 0
    for block in line_blocks(Blocks(content, size), longest):
        if isinstance(block, Rejected):
            bad = attrs.evolve(block, number=first, stage="lines")
            batch: Batch[str] = Batch((), (), 1, (bad,), member=content.member)
        else:
            batch = _batch(block, first)
        first += batch.received
        yield from sliced(batch, content.member, "lines")


def _batch(block: bytes, first: int) -> Batch[str]:
    try:
        text = block.decode()
    except UnicodeDecodeError:
        return _line_by_line(block, first)
    if "\r" in text:
        text = text.replace("\r\n", "\n").removesuffix("\r")
    found = text.split("\n")
    if "" in found:
        found = [line for line in found if line]
    return Batch(found, range(first, first + len(found)), len(found), raw=_raw(found, first))


def _raw(found: list[str], first: int) -> Callable[[int], bytes]:
    return lambda number: found[number - first].encode()


def _line_by_line(block: bytes, first: int) -> Batch[str]:
    rows: list[str] = []
    numbers: list[int] = []
    rejected: list[Rejected] = []
    found = [line for line in (line.removesuffix(b"\r") for line in block.split(b"\n")) if line]
    for number, line in enumerate(found, first):
        try:
            rows.append(line.decode())
        except UnicodeDecodeError as error:
            rejected.append(Rejected(line, f"the line is not UTF-8 (byte {error.start} of it)", number))
        else:
            numbers.append(number)
    return Batch(rows, numbers, len(found), tuple(rejected), raw=lambda number: found[number - first])
