"""Chains that type checkers accept, and what they say of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import assert_type

from reactivex import Observable
from reactivex import operators as rx_ops

from tailpipe_rx import Artifact, Batch, Content, FileSource, Operator, Rejected, Row, Table, extractor, operator, ops


class Trail(Row):
    """A row of the tests."""

    event_name: str
    error_code: str | None = None


def denied(row: Trail) -> bool:
    return row.error_code == "AccessDenied"


def note(row: Trail) -> None:
    print(row)


def name(row: Trail) -> str:
    return row.event_name


def changes(names: Observable[str]) -> Observable[str]:
    return names.pipe(rx_ops.distinct_until_changed())


@operator
def every(source: Observable[Trail], n: int) -> Observable[Trail]:
    return source.pipe(rx_ops.filter_indexed(lambda _, i: i % n == 0))


@extractor
def trails(content: Content, skip: str = "") -> Iterator[Trail | Rejected]:
    for piece in content:
        yield Rejected(piece, "no trail") if piece == skip.encode() else Trail(event_name=piece.decode())


@extractor
def words(line: str, least: int = 1) -> Iterator[str]:
    yield from (word for word in line.split() if len(word) >= least)


# every operator by itself
assert_type(ops.load(), Operator[Artifact, Content])
assert_type(ops.lines(), Operator[Content, Batch[str]])
assert_type(ops.json_items("Records", Trail), Operator[Content, Batch[Trail]])
assert_type(ops.json_lines(Trail), Operator[Content, Batch[Trail]])
assert_type(ops.filter(denied), Operator[Batch[Trail], Batch[Trail]])
assert_type(ops.do_action(note), Operator[Batch[Trail], Batch[Trail]])
assert_type(ops.map(name), Operator[Batch[Trail], Batch[str]])
assert_type(ops.unbatched(changes), Operator[Batch[str], Batch[str]])
assert_type(ops.flat_map_iterable(str.split), Operator[str, str])
assert_type(ops.map_concurrent(str.upper, ThreadPoolExecutor(1), 8), Operator[str, str])
assert_type(every(2), Operator[Trail, Trail])
assert_type(trails(skip="x"), Operator[Content, Batch[Trail]])
assert_type(words(least=2), Operator[Batch[str], Batch[str]])

# chains of one to nine
one = ops.pipe(ops.load())
assert_type(one, Operator[Artifact, Content])
two = ops.pipe(ops.load(), ops.json_items("Records", Trail))
assert_type(two, Operator[Artifact, Batch[Trail]])
three = ops.pipe(ops.load(), ops.json_items("Records", Trail), ops.filter(denied))
assert_type(three, Operator[Artifact, Batch[Trail]])
four = ops.pipe(ops.load(), ops.lines(), words(), ops.map(str.upper))
assert_type(four, Operator[Artifact, Batch[str]])
five = ops.pipe(ops.load(), trails(), ops.do_action(note), ops.filter(denied), ops.map(name))
assert_type(five, Operator[Artifact, Batch[str]])
six = ops.pipe(ops.load(), trails(), ops.do_action(note), ops.filter(denied), ops.map(name), ops.map(len))
assert_type(six, Operator[Artifact, Batch[int]])
seven = ops.pipe(
    ops.load(), trails(), ops.do_action(note), ops.filter(denied), ops.map(name), ops.unbatched(changes), ops.map(len)
)
assert_type(seven, Operator[Artifact, Batch[int]])
eight = ops.pipe(
    ops.load(),
    trails(),
    ops.do_action(note),
    ops.filter(denied),
    ops.map(name),
    ops.unbatched(changes),
    ops.map(len),
    ops.rows(),
)
assert_type(eight, Operator[Artifact, int])
nine = ops.pipe(
    ops.load(),
    ops.json_items("Records", Trail),
    ops.filter(denied),
    ops.do_action(note),
    ops.map(name),
    ops.map(str.upper),
    ops.unbatched(changes),
    ops.map(len),
    ops.rows(),
)
assert_type(nine, Operator[Artifact, int])

# chains of chains, sources, tables
assert_type(ops.pipe(three, ops.rows()), Operator[Artifact, Trail])
assert_type(ops.pipe(three, ops.rows(), every(2)), Operator[Artifact, Trail])
assert_type(FileSource("x").pipe(ops.load(), trails(), ops.filter(denied)), Observable[Batch[Trail]])
assert_type(FileSource("x").pipe(three, ops.rows()), Observable[Trail])
assert_type(FileSource("x").pipe(nine, rx_ops.take(3)), Observable[int])
assert_type(FileSource("x").pipe(three, ops.share()), Observable[Batch[Trail]])
assert_type(FileSource("x").discover().pipe(ops.share(3)), Observable[Artifact])
assert_type(Table("trails", three), Table[Trail])
reveal_type(Table("trails", two).rows("x"))  # shown: Iterator[Trail]
reveal_type(nine)  # shown: Operator[Artifact, int]
