"""`@extractor`: generators over one record, or over a whole artifact, made operators."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import reactivex
from endless import Counted, balanced
from reactivex import operators as rx_ops

from tailpipe_rx.events import TICK, Artifact, Rejected
from tailpipe_rx.operators.elements import Batch, Content
from tailpipe_rx.operators.extractor import extractor
from tailpipe_rx.operators.lifted import map
from tailpipe_rx.operators.pull import pull
from tailpipe_rx.testing import check_operator

Marbles = Callable[..., None]


@extractor
def words(line: str, skip: str = "") -> Iterator[str]:
    """The words of a line; ``x`` is none."""
    for word in line.split():
        if word == "x":
            raise ValueError("no word")
        if word != skip:
            yield word


@extractor
def pieces(content: Content) -> Iterator[bytes | Rejected]:
    for piece in content:
        yield Rejected(piece, "no piece") if piece == b"x" else piece


def content(*found: bytes | Exception, member: str = "") -> Content:
    def read() -> Iterator[bytes]:
        for piece in found:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    return Content(Artifact("a.log"), read(), member)


def run(op: Any, *items: Any) -> list[Any]:
    seen: list[Any] = []
    reactivex.of(*items).pipe(op).subscribe(seen.append, seen.append)
    return seen


# --- over records ---------------------------------------------------------------------------------------------------


def test_a_record_becomes_one_row_or_several_or_none(marbles: Marbles) -> None:
    marbles(
        """
        lines   --[abc]--[b]--|
        expect  --[uvw]-------|
        """,
        words(),
        a="u v",
        b="",
        c="w",
        u="u",
        v="v",
        w="w",
    )


def test_the_rows_of_a_record_have_its_number_and_count_their_parts() -> None:
    [batch] = run(words(), Batch.of("a b", "", "c d e", first=10))
    assert (batch.rows, batch.numbers, batch.parts) == (
        ["a", "b", "c", "d", "e"],
        [10, 10, 12, 12, 12],
        [0, 1, 0, 1, 2],
    )
    assert (batch.received, batch.filtered) == (6, 1)


def test_parts_count_on_through_a_second_extractor() -> None:
    seen = run(lambda source: source.pipe(words(), letters()), Batch.of("ab c", "d"))
    assert (seen[0].numbers, seen[0].parts) == ([0, 0, 0, 1], [0, 1, 2, 0])


@extractor
def letters(word: str) -> Iterator[str]:
    yield from word


def test_a_record_that_fails_half_way_is_rejected_as_a_whole(marbles: Marbles) -> None:
    marbles(
        """
        lines   --[aba]--[b]--|
        expect  --[u#u]--[#]--|
        """,
        words(),
        a="u",
        b="v x w",
        u="u",
    )


def test_a_rejected_record_names_its_number_its_bytes_and_the_extractor() -> None:
    [batch] = run(words(), Batch.of("a", "b x", first=4))
    [bad] = batch.rejected
    assert (bad.raw, bad.number, bad.stage) == (b"b x", 5, "words")
    assert bad.reason.startswith("ValueError: no word (test_extractor_decorator.py:")


def test_a_row_of_several_that_is_rejected_later_leaves_the_others() -> None:
    seen = run(lambda source: source.pipe(words(), map(int)), Batch.of("1 one 2"))
    assert (seen[0].rows, seen[0].numbers, seen[0].parts) == ([1, 2], [0, 0], [0, 2])
    assert balanced(seen)


def test_a_function_that_asks_for_too_many_is_rejected_and_not_ended() -> None:
    @extractor
    def first(line: str) -> Iterator[str]:
        yield next(iter(line))

    [batch] = run(first(), Batch.of("", "a"))
    assert (batch.rows, len(batch.rejected)) == (["a"], 1)


def test_rejected_records_of_before_and_unwanted_ones_go_along() -> None:
    [batch] = run(words(), Batch(["a"], [1], 3, (Rejected(b"?", "no", 0, "earlier"),)))
    assert (batch.received, [bad.stage for bad in batch.rejected], batch.filtered) == (3, ["earlier"], 1)


def test_many_rows_make_several_batches_but_a_record_stays_in_one() -> None:
    batches = run(words(), Batch.of(*["a " * 600] * 5))
    assert [len(b.rows) for b in batches] == [1200, 1200, 600]
    assert [sorted(set(b.numbers)) for b in batches] == [[0, 1], [2, 3], [4]]
    assert sum(b.received for b in batches) == 3000
    assert balanced(batches)


def test_parts_stay_unique_where_one_record_becomes_thousands_of_rows_in_three_steps() -> None:
    """Number and part together are what tells the rows of an artifact apart: their ``tp_id`` is made of them."""
    batches = run(lambda source: source.pipe(words(), letters(), doubled()), Batch.of("ab " * 800))
    keys = [key for b in batches for key in zip(b.numbers, b.parts, strict=True)]
    assert len(keys) == len(set(keys)) == 3200


@extractor
def doubled(letter: str) -> Iterator[str]:
    yield letter
    yield letter


def test_arguments_go_to_the_function() -> None:
    assert run(words(skip="a"), Batch.of("a b a c"))[0].rows == ["b", "c"]


# --- over artifacts -------------------------------------------------------------------------------------------------


def test_an_artifact_becomes_batches_and_rejected_records_keep_their_place(marbles: Marbles) -> None:
    marbles(
        """
        files   --f------g--|
        expect  --[a#b]--[b]|
        """,
        pieces(),
        f=content(b"a", b"x", b"b"),
        g=content(b"b"),
        a=b"a",
        b=b"b",
    )


def test_the_records_of_an_artifact_are_numbered() -> None:
    [batch] = run(pieces(), content(b"a", b"x", b"b", member="inner.log"))
    assert (batch.rows, batch.numbers, batch.received, batch.member) == ([b"a", b"b"], [0, 2], 3, "inner.log")
    assert batch.rejected == (Rejected(b"x", "no piece", 1, "pieces"),)


def test_a_large_artifact_becomes_batches_of_a_thousand() -> None:
    batches = run(pieces(), content(*[b"a"] * 2500))
    assert [len(b.rows) for b in batches] == [1000, 1000, 500]
    assert batches[2].numbers[0] == 2000


def test_batches_are_bounded_by_rejected_records_too() -> None:
    assert [b.received for b in run(pieces(), content(*[b"x"] * 2500))] == [1000, 1000, 500]


def test_what_was_read_before_the_damage_counts() -> None:
    batch, error = run(pieces(), content(b"a", b"b", OSError("cut off")))
    assert (batch.rows, str(error)) == ([b"a", b"b"], "cut off")


def test_an_endless_artifact_is_read_no_further_than_is_wanted() -> None:
    source = Counted()
    artifact = Content(Artifact("a.log"), (b"%d" % n for n in source()))
    reactivex.of(artifact).pipe(pieces(), rx_ops.take(2)).subscribe()
    assert source.pulled == 2000


# --- chains ---------------------------------------------------------------------------------------------------------


def test_ticks_pass_and_no_extractor_sees_one() -> None:
    assert run(words(), TICK, Batch.of("a"))[0] is TICK
    assert run(pieces(), TICK, content(b"a"))[0] is TICK


def test_anything_else_is_a_mistake_in_the_chain_and_says_so() -> None:
    [error] = run(words(), "a line")
    assert (type(error), str(error)) == (TypeError, "words() works on the rows of batches, but was given str")


def test_an_error_of_the_subscriber_is_raised() -> None:
    def sink(_: Any) -> None:
        raise OSError("disk full")

    errors: list[Exception] = []
    with pytest.raises(OSError, match="disk full"):
        pull(lambda: [content(b"a")]).pipe(pieces()).subscribe(sink, errors.append)
    assert errors == []


def test_they_do_what_every_operator_must() -> None:
    check_operator(words, [Batch.of("a b", "c"), Batch.of("", first=2)])
    check_operator(pieces, lambda: [content(b"a"), content(b"b")])
