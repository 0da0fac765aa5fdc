"""What a failing marble test says: the exact lines."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
import reactivex
from reactivex import Observable
from reactivex import operators as rx_ops

from tailpipe_rx.operators.lifted import filter, map
from tailpipe_rx.operators.pipe import pipe
from tailpipe_rx.testing import marbles as check

Marbles = Callable[..., None]


@attrs.frozen
class Flow:
    address: str
    action: str


OK = Flow("10.0.0.1", "ACCEPT")
NO = Flow("10.0.0.2", "REJECT")


def is_rejected(flow: Flow) -> bool:
    return flow.action == "REJECT"


def hide(flow: Flow) -> Flow:
    return attrs.evolve(flow, address="10.0.0.0")


def text_of(diagram: str, op: Callable[..., Observable[Any]], **values: Any) -> list[str]:
    with pytest.raises(AssertionError) as failure:
        check(diagram, op, **values)
    return str(failure.value).splitlines()


def test_expected_and_actual_are_drawn_under_each_other() -> None:
    said = text_of(
        """
        flows   --[aba]--[a]--[bb]--|
        expect  --[b]----[a]--[bb]--|
        """,
        filter(is_rejected),
        a=OK,
        b=NO,
    )
    assert said == [
        "the marbles differ",
        "  frame     0         1         2",
        "            012345678901234567890",
        "  flows     --[aba]--[a]--[bb]--|",
        "  expected  --[b]----[a]--[bb]--|",
        "  actual    --[b]---------[bb]--|",
        "                     ^",
        f"  a = {OK!r}",
        f"  b = {NO!r}",
    ]


def test_values_that_the_test_does_not_name_get_capitals_and_are_marked() -> None:
    said = text_of(
        """
        flows   -[ab]--[a]-|
        expect  -[ab]--[a]-|
        """,
        map(hide),
        a=OK,
        b=NO,
    )
    assert said == [
        "the marbles differ",
        "  frame     0         1",
        "            012345678901",
        "  flows     -[ab]--[a]-|",
        "  expected  -[ab]--[a]-|",
        "  actual    -[AB]--[A]-|",
        "              ^",
        f"  a = {OK!r}",
        f"  b = {NO!r}",
        "  A = Flow(address='10.0.0.0', action='ACCEPT')    (has no letter in the test)",
        "  B = Flow(address='10.0.0.0', action='REJECT')    (has no letter in the test)",
    ]


def test_errors_are_shown_with_their_types() -> None:
    said = text_of(
        """
        rows    -a-#
        expect  -a-#
        """,
        pipe(rx_ops.catch(lambda error, _: reactivex.throw(TypeError(*error.args)))),
        error=ValueError("boom"),
    )
    assert said == [
        "the marbles differ",
        "  frame     0",
        "            0123",
        "  rows      -a-#",
        "  expected  -a-#",
        "  actual    -a-#",
        "               ^",
        "  expected at 3: ValueError('boom')",
        "  actual at 3: TypeError('boom')",
    ]


def test_rejected_records_are_shown_with_their_reasons() -> None:
    said = text_of(
        """
        lines   --[ab]--|
        expect  --[xy]--|
        """,
        map(int),
        a="1",
        b="two",
        x=1,
        y=2,
    )
    assert said == [
        "the marbles differ",
        "  frame     0",
        "            012345678",
        "  lines     --[ab]--|",
        "  expected  --[xy]--|",
        "  actual    --[x#]--|",
        "                ^",
        "  a = '1'",
        "  b = 'two'",
        "  x = 1",
        "  y = 2",
        "  actual at 2: record 1 rejected by map(int): ValueError: invalid literal for int() with base 10: 'two'",
    ]


def test_an_unexpected_error_says_where_it_was_raised() -> None:
    def boom(_: str) -> str:
        raise KeyError("user")

    said = text_of("in      -a-|\nexpect  -a-|", pipe(rx_ops.map(boom)))
    line = boom.__code__.co_firstlineno + 1
    assert said[-1] == f"  actual at 1: KeyError('user') (test_failure_text.py:{line}, in boom)"


def test_subscriptions_are_drawn_too() -> None:
    said = text_of(
        """
        rows       -a-b--c-|
        rows:subs  ^-----!
        expect     -a-(b|)
        """,
        pipe(rx_ops.take(2)),
    )
    assert said == [
        "the subscriptions differ",
        "  frame      0",
        "             012345678",
        "  rows       -a-b--c-|",
        "  expected   -a-(b|)",
        "  actual     -a-(b|)",
        "  rows:subs",
        "  expected   ^-----!",
        "  actual     ^--!",
    ]


def test_brackets_that_need_room_move_the_frames_to_the_right() -> None:
    said = text_of("in      -ab-|\nexpect  -a---|", pipe(rx_ops.flat_map(lambda x: reactivex.of(x, x))))
    assert said == [
        "the marbles differ",
        "  frame     0",
        "            01   23  45",
        "  in        -a---b---|",
        "  expected  -a--------|",
        "  actual    -(aa)(bb)|",
        "             ^",
    ]


def test_a_drawing_that_is_too_wide_is_cut_off() -> None:
    said = text_of("in      -a-|\nexpect  -a-|", pipe(rx_ops.delay(2000)))
    assert said[5].endswith("…")
    assert max(map_len(said)) < 200


def map_len(lines: list[str]) -> list[int]:
    return [len(line) for line in lines]


def test_the_fixture_fails_with_the_drawing_and_nothing_else(run_pytest: Callable[[str], str]) -> None:
    out = run_pytest(
        """
from tailpipe_rx.operators.lifted import map

def test_it(marbles):
    marbles(
        '''
        in      -[a]-|
        expect  -[a]-|
        ''',
        map(str.upper),
    )
"""
    )
    shown = out.partition("test_it ___")[2].partition("=== short")[0].splitlines()[1:-1]
    assert shown == [
        "the marbles differ",
        "  frame     0",
        "            012345",
        "  in        -[a]-|",
        "  expected  -[a]-|",
        "  actual    -[A]-|",
        "              ^",
    ]
