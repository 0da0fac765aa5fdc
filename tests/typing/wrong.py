"""Mistakes that type checkers find: an error in each statement below the line, of one or several lines."""

from collections.abc import Iterator

from reactivex import Observable
from reactivex import operators as rx_ops

from tailpipe_rx import FileSource, Row, Table, extractor, ops


class Trail(Row):
    event_name: str


class Flow(Row):
    action: str


def is_login(row: Trail) -> bool:
    return row.event_name == "ConsoleLogin"


def is_rejected(row: Flow) -> bool:
    return row.action == "REJECT"


def name(row: Trail) -> str:
    return row.event_name


def changes(names: Observable[str]) -> Observable[str]:
    return names.pipe(rx_ops.distinct_until_changed())


@extractor
def words(line: str) -> Iterator[str]:
    yield from line.split()


# --- every statement from here on is wrong --------------------------------------------------------------------------

ops.pipe(ops.json_items("Records", Trail), ops.load())
ops.pipe(ops.load(), ops.filter(is_login))
ops.pipe(ops.load(), ops.load())
ops.pipe(ops.load(), ops.lines(), ops.json_items("Records", Trail))
ops.pipe(ops.load(), ops.json_items("Records", Trail), ops.filter(is_rejected))
ops.pipe(ops.load(), ops.json_items("Records", Trail), words())
ops.pipe(ops.load(), ops.lines(), words(), ops.map(name))
ops.pipe(ops.load(), ops.lines(), ops.rows(), ops.map(str.upper))
ops.pipe(ops.load(), ops.json_items("Records", Trail), ops.map(name), ops.filter(is_login))
ops.pipe(ops.load(), ops.json_items("Records", Trail), ops.filter(is_login), ops.unbatched(changes))
ops.pipe(ops.pipe(ops.load(), ops.lines()), ops.filter(is_login))
ops.pipe("load", ops.lines())
ops.filter(is_login, is_login)
ops.map()
words("an argument too many")
FileSource("x").pipe(ops.json_items("Records", Trail))
FileSource("x").pipe(ops.load(), ops.filter(is_login))
FileSource("x").pipe(ops.load(), ops.lines(), ops.filter(is_login), ops.rows())
Table("trails", ops.load())
Table("trails", ops.pipe(ops.load(), ops.lines()))
Table("trails", ops.pipe(ops.load(), ops.json_items("Records", Trail), ops.rows()))
ops.json_items("Records", 7)
Trail(event_name=1)
