"""`regex`: rows from lines by a pattern with named groups."""

from __future__ import annotations

from typing import TypeVar

from reactivex import Observable

from .. import patterns
from ..errors import RecordError, UsageError
from ..events import Rejected
from ..operators.elements import Batch
from ..operators.lifted import lift, reject, thin
from ..operators.operator import operator
from ..rows.reader import reader
from ..rows.row import Row

R = TypeVar("R", bound=Row)


@operator
def regex(source: Observable[Batch[str]], pattern: str, row: type[R]) -> Observable[Batch[R]]:
    r"""Rows from the named groups of *pattern*, which has to match the whole line.

    The groups are named as the row class names its columns in the log format; one that is no column goes to ``extra``,
    and one that took no part in the match is absent. A line that does not match is rejected.

    The pattern is RE2's: linear in the length of the line, without look-around and back-references.

    >>> class Greeting(Row):
    ...     who: str
    >>> from tailpipe_rx.testing import draw
    >>> hello = regex(r"hello (?P<who>\w+)", Greeting)
    >>> draw("--[xy]--|", hello, x="hello bob", y="bye", b=Greeting(who="bob"))
    '--[b#]--|'

    Raises `UsageError` before anything is collected for a pattern that RE2 refuses, or without a named group.
    """
    compiled = patterns.compile(pattern)
    if not compiled.names:
        raise UsageError(f"the pattern {pattern!r} has no named group: write (?P<name>…) for each column")
    build = reader(row).text

    def over(batch: Batch[str]) -> Batch[R]:
        rows: list[R] = []
        kept: list[int] = []
        rejected: list[Rejected] = []
        for i, line in enumerate(batch.rows):
            groups = compiled.fullmatch(line)
            try:
                if groups is None:
                    raise RecordError("the line does not match the pattern")
                rows.append(build(groups))
            except Exception as error:
                rejected.append(reject(batch, i, error, "regex"))
            else:
                kept.append(i)
        return thin(batch, rows, kept, rejected)  # type: ignore[arg-type]  # thin replaces all rows

    return lift(source, over, "regex")
