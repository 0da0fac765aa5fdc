"""`delimited`: rows from lines of values between separators."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

import attrs
import msgspec
from reactivex import Observable

from ..errors import RecordError, Unrecognised, UsageError
from ..events import Rejected
from ..operators.elements import Batch, Content
from ..operators.operator import Operator, operator
from ..operators.pull import each
from ..rows.reader import Reader, reader
from ..rows.row import Row
from .blocks import BLOCK, LONGEST, Blocks, line_blocks, sliced

R = TypeVar("R", bound=Row)

SURPLUS: Final = "_"
"""The name in ``extra`` of the values that a line has more than there are columns."""
_NAME: Final = re.compile(r"[A-Za-z_][\w./()-]*")


def delimited(
    row: type[R],
    separator: str = " ",
    null: str = "-",
    header: Sequence[str] = (),
    quote: str = "",
    longest: int = LONGEST,
) -> Operator[Content, Batch[R]]:
    r"""Rows from lines of values between separators, a line each.

    The first line names the columns if all its words are names that the row class knows, or if all look like names and
    at least half are known; then it is no record, nor are its repetitions. Otherwise *header* names them. Columns that
    the row class does not know go to ``extra``.

    *null* stands for no value. A line with too few values is rejected; of one with too many the surplus goes to
    ``extra``, as text under ``_``. With *quote*, values may be quoted as in CSV, but cannot hold a line end. For lines,
    empty ones and those that are too long or not UTF-8, the same holds as for `lines`.

    >>> class Greeting(Row):
    ...     who: str
    ...     age: int | None = None
    >>> from tailpipe_rx import ops
    >>> from tailpipe_rx.testing import draw, log
    >>> ages = log("who age", "bob 41", "eve -", "bad")
    >>> rows = {"b": Greeting(who="bob", age=41), "e": Greeting(who="eve")}
    >>> draw("--x-----|", ops.pipe(ops.load(), delimited(Greeting)), x=ages, **rows)
    '--[be#]-|'

    Raises `Unrecognised` if an artifact does not name its columns and *header* is not given; `UsageError`, before
    anything is collected, for a separator or quote that cannot be one.
    """
    return _delimited(row, separator, null, tuple(header), quote, longest)


@operator
def _delimited(
    source: Observable[Content],
    row: type[R],
    separator: str,
    null: str,
    header: tuple[str, ...],
    quote: str,
    longest: int,
) -> Observable[Batch[R]]:
    if not separator or "\n" in separator or '"' in separator:
        raise UsageError(f"delimited: {separator!r} cannot separate the values of a line")
    if quote and (len(quote) != 1 or len(separator) != 1):
        raise UsageError(
            f"delimited: quotes need a separator and a quote of one character, not {separator!r}, {quote!r}"
        )
    if len(set(header)) < len(header):
        raise UsageError(f"delimited: the header names a column twice: {' '.join(header)}")
    form = Form(row, separator, null, header, quote)
    return each(source, partial(_batches, form=form, longest=longest))


_delimited.__name__ = "delimited"


@attrs.frozen
class Form(Generic[R]):
    """How a line is to be taken apart."""

    row: type[R]
    separator: str
    null: str
    header: tuple[str, ...]
    quote: str

    def split(self, line: str) -> list[str]:
        """The values of a line. Raises `RecordError` if its quotes are not closed."""
        if not self.quote or self.quote not in line:
            return line.split(self.separator)
        try:
            return next(csv.reader([line], delimiter=self.separator, quotechar=self.quote, strict=True))
        except csv.Error as error:
            raise RecordError(f"its quotes are not as in CSV: {error}") from None

    def names(self, line: str) -> tuple[str, ...] | None:
        """The columns, if *line* names them."""
        known = set(reader(self.row).names.values())
        try:
            words = self.split(line)
        except RecordError:
            return None
        count = sum(word in known for word in words)
        looks = all(_NAME.fullmatch(word) for word in words)
        is_header = count == len(words) or (looks and count * 2 >= len(words))
        return tuple(words) if is_header and len(set(words)) == len(words) else None


def _batches(content: Content, form: Form[R], longest: int = LONGEST, size: int = BLOCK) -> Iterator[Batch[R]]:
    lines: _Lines[R] | None = None
    first = 0
    for block in line_blocks(Blocks(content, size), longest):
        if isinstance(block, Rejected):
            batch: Batch[R] = Batch((), (), 1, (attrs.evolve(block, number=first),))
        else:
            block = _tidy(block)
            if lines is None and block:
                lines, block = _begin(content, form, block)
            if lines is None or not block:
                continue
            batch = lines.batch(block, first)
        first += batch.received
        yield from sliced(batch, content.member, "delimited")


def _tidy(block: bytes) -> bytes:
    """Without empty lines and carriage returns at the ends of lines."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if b"\n\n" in block or block[:1] == b"\n" or block[-1:] == b"\n":
        block = b"\n".join(filter(None, block.split(b"\n")))
    return block


def _begin(content: Content, form: Form[R], block: bytes) -> tuple[_Lines[R], bytes]:
    """What the columns are, and the block without the line that said so."""
    line, _, rest = block.partition(b"\n")
    text = line.decode(errors="replace")
    names = form.names(text)
    if names is not None:
        return _Lines(form, names, line), rest
    if not form.header:
        raise Unrecognised(
            f"{content.artifact.name}: the first line names no columns of {form.row.__name__}, "
            f"and no header is given: {text[:60]!r}"
        )
    return _Lines(form, form.header, None), block


class _Lines(Generic[R]):
    """Lines of known columns, a block at a time."""

    def __init__(self, form: Form[R], names: tuple[str, ...], header: bytes | None) -> None:
        self._form = form
        self._names = names
        self._header = header
        self._reader: Reader[R] = reader(form.row)
        self._separator = form.separator.encode()
        self._null = b'"%b"' % form.null.encode()
        known = set(self._reader.names.values()).issuperset(names)
        self._decode: Callable[[bytes], list[R]] | None = self._reader.delimited(names) if known else None

    def batch(self, block: bytes, first: int) -> Batch[R]:
        rows = self._quick(block)
        if rows is None:
            return self._one_by_one(block, first)
        return Batch(rows, range(first, first + len(rows)), len(rows), raw=_raw(block, first))

    def _quick(self, block: bytes) -> list[R] | None:
        """All lines at once, rewritten as JSON; None where one of them needs a closer look."""
        if self._decode is None or b'"' in block or b"\\" in block or self._repeats_header(block):
            return None
        if self._form.quote and self._form.quote.encode() in block:
            return None
        if block.count(self._separator) != (len(self._names) - 1) * (block.count(b"\n") + 1):
            return None  # a line with a value too many would pass, without it
        values = block.replace(self._separator, b'","').replace(b"\n", b'"],["')
        try:
            if not block.isascii():
                block.decode()
            return self._decode((b'[["%b"]]' % values).replace(self._null, b"null"))
        except (msgspec.DecodeError, ValueError, OverflowError):
            return None

    def _repeats_header(self, block: bytes) -> bool:
        return self._header is not None and self._header in block

    def _one_by_one(self, block: bytes, first: int) -> Batch[R]:
        lines = block.split(b"\n")
        if self._repeats_header(block):  # files with headers were put together
            lines = [line for line in lines if line != self._header]
        return self._reader.each(lines, self._row, first)

    def _row(self, line: bytes) -> R:
        form, names = self._form, self._names
        values = form.split(line.decode())
        if len(values) < len(names):
            raise RecordError(f"{len(values)} values for {len(names)} columns")
        given = {name: None if value == form.null else value for name, value in zip(names, values, strict=False)}
        if len(values) > len(names):
            given[SURPLUS] = form.separator.join(values[len(names) :])
        return self._reader.text(given)


def _raw(block: bytes, first: int) -> Callable[[int], bytes]:
    lines: list[bytes] = []

    def raw(number: int) -> bytes:
        if not lines:
            lines.extend(block.split(b"\n"))
        return lines[number - first]

    return raw
