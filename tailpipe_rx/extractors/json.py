"""`json_items` and `json_lines`: rows from JSON, cut from the stream as it passes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TypeVar

from reactivex import Observable

from ..operators.elements import Batch, Content
from ..operators.operator import Operator, operator
from ..operators.pull import each
from ..rows.reader import reader
from ..rows.row import Row
from .blocks import LONGEST
from .records import Records

R = TypeVar("R", bound=Row)


def json_items(key: str, row: type[R], longest: int = LONGEST) -> Operator[Content, Batch[R]]:
    """The items of the array under the top-level *key*, one record each.

    Whatever stands before and behind the array is skipped; a *key* with null or an empty array has no records. A bare
    array is taken as well, and so are objects without the key, each of which is a record: one a line, one behind the
    other, compact or pretty-printed.

    One bad record costs one record: a value of a wrong type, broken JSON, bytes that are not UTF-8, one of more than
    *longest* bytes (16 MB, of which the first 64 KB are kept), one nested deeper than 128 levels. What is held in
    memory is one block of 256 KB and one record.

    >>> class Greeting(Row):
    ...     who: str
    >>> from tailpipe_rx import ops
    >>> from tailpipe_rx.testing import draw, log
    >>> x = log('{"Records": [{"who": "bob"}, {"whom": "bob"}, {"who": "eve"}]}')
    >>> rows = {"b": Greeting(who="bob"), "e": Greeting(who="eve")}
    >>> draw("--x-----|", ops.pipe(ops.load(), json_items("Records", Greeting)), x=x, **rows)
    '--[b#e]-|'

    Raises, after the rows before the damage, `Truncated` if the text ends inside the array or a record, and what the
    loader raises; `Unrecognised` if it is no JSON at all.
    """
    return _json_items(key, row, longest)


def json_lines(row: type[R], longest: int = LONGEST) -> Operator[Content, Batch[R]]:
    """One JSON object a line, one record each; pretty-printed and concatenated ones are taken as well.

    The same holds as for `json_items`, but that an array, as anything else that is no object, is a record which is
    rejected.
    """
    return _json_lines(row, longest)


@operator
def _json_items(source: Observable[Content], key: str, row: type[R], longest: int = LONGEST) -> Observable[Batch[R]]:
    return each(source, partial(_records, key=key, row=row, longest=longest, stage="json_items"))


@operator
def _json_lines(source: Observable[Content], row: type[R], longest: int = LONGEST) -> Observable[Batch[R]]:
    return each(source, partial(_records, key=None, row=row, longest=longest, stage="json_lines"))


_json_items.__name__ = "json_items"
_json_lines.__name__ = "json_lines"


def _records(content: Content, key: str | None, row: type[R], longest: int, stage: str) -> Iterator[Batch[R]]:
    return Records(content, key, reader(row), stage, longest).batches()
