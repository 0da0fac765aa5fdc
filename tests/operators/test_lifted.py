"""`map`, `filter`, `do_action`: an author's function sees rows, batches travel."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import reactivex
from endless import balanced

from tailpipe_rx.events import TICK, Rejected
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.operators.lifted import do_action, filter, map
from tailpipe_rx.testing import check_operator

Marbles = Callable[..., None]
LIFTED = [map(str.upper), filter(str.islower), do_action(str.upper)]


def fail_on_x(row: str) -> str:
    if row == "x":
        raise KeyError("user")
    return row


def run(op: Any, *items: Any) -> list[Any]:
    seen: list[Any] = []
    reactivex.of(*items).pipe(op).subscribe(seen.append, seen.append)
    return seen


def test_map_applies_a_function_to_each_row(marbles: Marbles) -> None:
    marbles(
        """
        lines   --[ab]--[c]--|
        expect  --[AB]--[C]--|
        """,
        map(str.upper),
    )


def test_filter_keeps_the_rows_for_which_the_predicate_holds(marbles: Marbles) -> None:
    marbles(
        """
        lines   --[aba]--[a]--[bb]--|
        expect  --[b]---------[bb]--|
        """,
        filter("b".__eq__),
    )


def test_do_action_sees_each_row_once_and_changes_nothing(marbles: Marbles) -> None:
    seen: list[str] = []
    marbles(
        """
        lines   --[ab]--[c]--|
        expect  --[ab]--[c]--|
        """,
        do_action(seen.append),
    )
    assert seen == ["a", "b", "c"]


@pytest.mark.parametrize("op", [map(fail_on_x), filter(fail_on_x), do_action(fail_on_x)], ids=repr)
def test_a_row_on_which_a_function_fails_is_rejected_and_the_others_go_on(op: Any, marbles: Marbles) -> None:
    marbles(
        """
        lines   --[axb]--[x]--[c]--|
        expect  --[a#b]--[#]--[c]--|
        """,
        op,
    )


@pytest.mark.parametrize("op", LIFTED, ids=repr)
def test_an_error_of_the_source_passes(op: Any, marbles: Marbles) -> None:
    marbles(
        """
        lines   --[#]--#
        expect  --[#]--#
        """,
        op,
    )


def test_the_rejected_record_says_where_what_and_why() -> None:
    line = fail_on_x.__code__.co_firstlineno + 2
    [batch] = run(map(fail_on_x), Batch.of("a", "x", first=7))
    assert batch.rejected == (
        Rejected(b"x", f"KeyError: 'user' (test_lifted.py:{line}, in fail_on_x)", 8, "map(fail_on_x)"),
    )


def test_a_stop_iteration_in_a_row_function_rejects_that_row() -> None:
    """Fact: an error that looks like an end is one in RxPY's loops; here it is one of the row."""
    [batch] = run(map(lambda _: next(iter(()))), Batch.of("a", "b"))
    assert [bad.reason.split(" ")[0] for bad in batch.rejected] == ["StopIteration", "StopIteration"]


def test_the_bytes_of_a_rejected_record_are_asked_for_only_then() -> None:
    asked: list[int] = []

    def raw(number: int) -> bytes:
        asked.append(number)
        return b"<%d>" % number

    [batch] = run(map(fail_on_x), Batch(["a", "x", "b"], [3, 4, 5], 3, raw=raw))
    assert (asked, batch.rejected[0].raw) == ([4], b"<4>")


class Point(msgspec.Struct):
    x: int


@pytest.mark.parametrize(
    ("row", "raw"),
    [
        (b"\xff", b"\xff"),
        ("\udcff", b"\xff"),
        (Point(1), b'{"x":1}'),
        (object, b"<class 'object'>"),
    ],
    ids=["bytes", "text", "struct", "no JSON"],
)
def test_a_record_of_which_no_bytes_are_known_is_kept_as_well_as_can_be(row: object, raw: bytes) -> None:
    def fail(_: object) -> None:
        raise ValueError

    [batch] = run(map(fail), Batch.of(row))
    assert batch.rejected[0].raw == raw


def test_numbers_and_parts_stay_with_their_rows() -> None:
    batch = Batch(["a", "b", "x", "c"], [1, 1, 2, 4], 5, parts=[0, 1, 0, 0], member="m")
    [out] = run(filter(lambda row: fail_on_x(row) != "a"), batch)
    assert (out.rows, out.numbers, out.parts, out.member) == (["b", "c"], [1, 4], [1, 0], "m")
    assert (out.received, len(out.rejected), out.filtered) == (5, 1, 2)
    assert balanced([out])


def test_rejected_records_of_before_go_along() -> None:
    before = Rejected(b"?", "no", 0, "earlier")
    [batch] = run(map(fail_on_x), Batch(["x"], [1], 2, (before,)))
    assert [bad.stage for bad in batch.rejected] == ["earlier", "map(fail_on_x)"]


@pytest.mark.parametrize("op", LIFTED, ids=repr)
def test_ticks_pass_and_no_function_sees_one(op: Any) -> None:
    assert run(op, TICK, Batch.of("a"), TICK)[::2] == [TICK, TICK]


@pytest.mark.parametrize("op", LIFTED, ids=repr)
def test_anything_but_a_batch_is_a_mistake_in_the_chain_and_says_so(op: Any) -> None:
    name = op.factory.__name__
    [error] = run(op, "a row", "another")
    assert (type(error), str(error)) == (
        TypeError,
        f"{name}() works on the rows of batches, but was given str; "
        f"for streams of anything else take reactivex.operators.{name}",
    )


@pytest.mark.parametrize("op", LIFTED, ids=repr)
def test_what_ends_python_is_no_error_of_a_row(op: Any) -> None:
    def leave(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(op.factory(leave), Batch.of("a"))


@pytest.mark.parametrize("op", LIFTED, ids=repr)
def test_they_do_what_every_operator_must(op: Any) -> None:
    check_operator(lambda: op, [Batch.of("a", "b"), Batch.of("c", first=2)])
