"""Diagrams: what they can say, and what they refuse."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import reactivex
from reactivex import Observable, abc
from reactivex import operators as rx_ops

from tailpipe_rx.events import TICK, Artifact, Rejected
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.operators.lifted import filter, map
from tailpipe_rx.operators.pipe import pipe
from tailpipe_rx.testing import DiagramError, MarblesDiffer, NeverEnds, draw, log
from tailpipe_rx.testing import marbles as check

Marbles = Callable[..., None]


def same(source: Observable[Any]) -> Observable[Any]:
    return source


# --- what they can say ----------------------------------------------------------------------------------------------


def test_a_marble_test_needs_three_lines(marbles: Marbles) -> None:
    marbles(
        """
        lines   --[ab]--[c]--|
        expect  --[AB]--[C]--|
        """,
        map(str.upper),
    )


def test_one_character_is_one_element_and_one_frame(marbles: Marbles) -> None:
    """Fact: in RxPY's diagrams ``ab`` is one element, and takes two frames."""
    seen: list[Any] = []
    marbles(
        """
        letters  -ab-c|
        expect   -ab-c|
        """,
        rx_ops.do_action(seen.append),
    )
    assert seen == ["a", "b", "c"]


def test_a_group_is_several_elements_in_the_frame_of_its_bracket(marbles: Marbles) -> None:
    """Fact: in RxPY's diagrams ``(ab)`` is one element."""
    marbles(
        """
        letters  -(ab)-c-(d|)
        expect   --(ab)-c-(d|)
        """,
        rx_ops.delay(1),
    )


def test_digits_are_names_like_others(marbles: Marbles) -> None:
    """Fact: RxPY's diagrams make numbers of digits, so that the key ``"1"`` is ignored without a word."""
    marbles(
        "in -1-|\nexpect -x-|".replace("in ", "in      ").replace("expect ", "expect  "),
        map_to_upper,
        **{"1": "one"},
        x="ONE",
    )


def map_to_upper(source: Observable[str]) -> Observable[str]:
    return source.pipe(rx_ops.map(str.upper))


def test_values_can_be_given_as_a_mapping_too(marbles: Marbles) -> None:
    marbles(
        """
        numbers  -a-b-|
        expect   -b-c-|
        """,
        rx_ops.map(lambda n: n + 1),
        values={"a": 1, "b": 2},
        c=3,
    )


def test_the_rows_of_a_source_are_numbered_through_all_its_batches(marbles: Marbles) -> None:
    batches: list[Batch[str]] = []
    marbles(
        """
        lines   --[a#b]--[c]--[#]--|
        expect  --[a#b]--[c]--[#]--|
        """,
        rx_ops.do_action(batches.append),
    )
    assert [list(batch.numbers) for batch in batches] == [[0, 2], [3], []]
    assert [[bad.number for bad in batch.rejected] for batch in batches] == [[1], [], [4]]
    assert [batch.received for batch in batches] == [3, 1, 1]


def test_batches_with_nothing_to_show_are_not_drawn(marbles: Marbles) -> None:
    marbles(
        """
        lines   --[ab]--[b]--[]--|
        expect  --[a]------------|
        """,
        filter("a".__eq__),
    )


def test_ticks_are_not_drawn(marbles: Marbles) -> None:
    marbles(
        """
        lines   -t-a-t-|
        expect  ---a---|
        """,
        same,
        t=TICK,
        a="a",
    )


def test_several_sources_come_by_their_names(marbles: Marbles) -> None:
    marbles(
        """
        right   --b--|
        left    a---|
        expect  a-b--|
        """,
        lambda left, right: reactivex.merge(left, right),
    )


def test_a_diagram_without_a_source_is_about_what_emits_by_itself(marbles: Marbles) -> None:
    marbles("expect  ---(a|)", lambda: reactivex.timer(3).pipe(rx_ops.map(lambda _: "a")))


def test_a_hot_source_emits_from_frame_0_whether_or_not_anybody_listens(marbles: Marbles) -> None:
    """Fact: in RxPY's kit the element in the first frame of a hot source is lost."""
    marbles(
        """
        first      ---|
        then:hot   a-b-c-d|
        then:subs     ^---!
        expect     ----c-d|
        """,
        lambda first, then: reactivex.concat(first, then),
    )
    marbles("all:hot  ab|\nexpect   ab|", same)


def test_a_retry_is_drawn_with_one_line_for_each_subscription(marbles: Marbles) -> None:
    """Fact: RxPY's marbles know no subscriptions: ``^`` and ``!`` are values."""
    marbles(
        """
        api       -a-#
        api          -#
        api            -b-|
        api:subs  ^--!
        api:subs     ^!
        api:subs      ^--!
        expect    -a---b-|
        """,
        rx_ops.retry(3),
    )


def test_a_subscription_may_end_in_the_frame_in_which_it_began_or_never(marbles: Marbles) -> None:
    marbles(
        """
        at_once       -a-
        for_ever      -a-
        at_once:subs  (^!)
        for_ever:subs ^
        expect        -a-
        """,
        lambda at_once, for_ever: reactivex.merge(at_once.pipe(rx_ops.take_until(reactivex.of(0))), for_ever),
    )


def test_errors_are_compared_by_type_and_arguments(marbles: Marbles) -> None:
    """Fact: RxPY compares errors by their text: ``TypeError("boom")`` passes for ``ValueError("boom")``."""
    diagram = "rows    -a-#\nexpect  -a-#"
    marbles(diagram, same)
    marbles(diagram, same, error=ValueError("boom"))
    marbles(diagram, rx_ops.catch(lambda _, __: reactivex.throw(ValueError("boom"))), error=ValueError("boom"))
    with pytest.raises(MarblesDiffer):
        check(diagram, rx_ops.catch(lambda e, _: reactivex.throw(TypeError(*e.args))), error=ValueError("boom"))
    with pytest.raises(MarblesDiffer):
        check(diagram, rx_ops.catch(lambda e, _: reactivex.throw(ValueError("other"))), error=ValueError("boom"))


def test_values_are_compared_by_type_and_equality() -> None:
    """Fact: RxPY prints ``12.5`` and ``"12.5"`` alike, and takes 1, 1.0 and True for the same."""
    for other in (1.0, True, "1"):
        with pytest.raises(MarblesDiffer):
            check("in      -a-|\nexpect  -b-|", same, a=1, b=other)


def test_the_default_error_is_a_runtime_error(marbles: Marbles) -> None:
    seen: list[Exception] = []
    marbles("in      -#\nexpect  -#", rx_ops.do_action(on_error=seen.append))
    assert [(type(e), e.args) for e in seen] == [(RuntimeError, ("error",))]


def test_an_operator_that_asks_for_no_scheduler_gets_virtual_time(marbles: Marbles) -> None:
    marbles(
        """
        in      -a-b----c|
        expect  ------b--(c|)
        """,
        pipe(rx_ops.debounce(3)),
    )


def test_many_elements_in_one_frame_do_not_move_the_clock(marbles: Marbles) -> None:
    """Fact: RxPY's virtual clock moves by one for each 100 actions, so that 350 inner streams spread over 4 frames."""
    marbles(
        """
        in      -a-|
        expect  -n-|
        """,
        pipe(rx_ops.flat_map(lambda _: reactivex.range(350).pipe(rx_ops.flat_map(reactivex.of), rx_ops.count()))),
        a="a",
        n=350,
    )


def test_what_happens_after_frame_1000_counts_as_well(marbles: Marbles) -> None:
    """Fact: RxPY's kit cuts everything off at 1000, without a word."""
    with pytest.raises(MarblesDiffer):
        check("in      -a-|\nexpect  -a-|", rx_ops.delay(2000))


def test_a_stream_that_is_never_at_rest_ends_after_ten_thousand_frames() -> None:
    with pytest.raises(NeverEnds, match=r"after 10,000 frames something is still scheduled, perhaps a timer"):
        check("expect  -----", lambda: reactivex.interval(5).pipe(rx_ops.ignore_elements()))


def test_a_frame_that_does_not_end_is_reported() -> None:
    def spin(scheduler: abc.SchedulerBase, _: Any = None) -> None:
        scheduler.schedule(spin)

    def spinning(_: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        assert scheduler is not None
        return scheduler.schedule_relative(2.0, spin)

    with pytest.raises(NeverEnds, match="frame 2 does not end: 100,000 actions in it"):
        check("expect  --", lambda: Observable(spinning))


def test_a_loop_that_emits_for_ever_is_reported() -> None:
    def endless() -> Any:
        while True:
            yield "a"

    with pytest.raises(NeverEnds, match="100,000 elements came"):
        check("expect  -|", lambda: reactivex.from_iterable(endless()))


# --- what they refuse -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("-x-|", "marble 'x' has no value; there are a, b"),
        ("-a-|-b", "'b' after the end"),
        ("-#|", r"'\|' after the end"),
        ("-(ab", "a bracket is not closed"),
        ("-[ab|", r"'\|' inside a batch"),
        ("-[a-b]|", "'-' inside a bracket"),
        ("-a)|", r"'\)' has no place here"),
        ("-[[a]]|", r"'\[' has no place here"),
        ("-((a))|", r"'\(' has no place here"),
        ("-a b|", "' ' is no marble; time is drawn as '-'"),
        ("-^a|", r"'\^' belongs into a line of subscriptions, ':subs'"),
    ],
)
def test_a_line_that_cannot_be_read_says_why_and_where(line: str, says: str) -> None:
    """Facts: RxPY takes the letter for the value where there is none, and allows elements after the end."""
    with pytest.raises(DiagramError, match=says) as failure:
        check(f"in      {line}\nexpect  -a-|", same, a="a", b="b")
    shown, caret = str(failure.value).splitlines()[-2:]
    assert shown.strip() == line
    assert set(caret) == {" ", "^"}


@pytest.mark.parametrize(
    ("diagram", "says"),
    [
        ("in      -a-|", "there is no line 'expect'"),
        ("in      -a-|\nexpect  -a-|\nexpect  -a-|", "there are two lines 'expect'"),
        ("in      -a-|\nexpect", "no marbles in the line 'expect'"),
        ("in      -a-|\nexpect   -a-|", "time begins in column 8, but not in this line"),
        ("in:warm  -a-|\nexpect   -a-|", "'in:warm': after the colon comes 'hot' or 'subs'"),
        ("in        -a-|\nout:subs  ^--!\nexpect    -a-|", "'out:subs' is about no source; there are in"),
        ("in:hot  -a-|\nin:hot  -a-|\nexpect  -a-|", "the hot source 'in' has two lines"),
        ("in       -a-|\nin:subs  ^-^!\nexpect   -a-|", "a line of subscriptions is"),
        ("in      -a-|\nexpect  -[]|", "a batch with nothing in it is not drawn"),
    ],
)
def test_a_diagram_that_cannot_be_read_says_why(diagram: str, says: str) -> None:
    with pytest.raises(DiagramError, match=says):
        check(diagram, same)


def test_a_name_of_several_letters_cannot_be_drawn() -> None:
    with pytest.raises(DiagramError, match="'row' cannot be drawn: a marble is one character"):
        check("in      -a-|\nexpect  -a-|", same, row="a")


def test_an_expected_tick_could_never_be_met() -> None:
    with pytest.raises(DiagramError, match="marble 't' is a Tick, and ticks are not drawn"):
        check("in      -t-|\nexpect  -t-|", same, t=TICK)


def test_every_line_of_a_source_must_be_subscribed_to() -> None:
    with pytest.raises(
        MarblesDiffer, match="'api' has 2 lines, one for each subscription, but was subscribed to 1 times"
    ):
        check("api     -a-|\napi     -b-|\nexpect  -a-|", same)
    with pytest.raises(
        MarblesDiffer, match="'api' has 2 lines, one for each subscription, but was subscribed to 3 times"
    ):
        check("api     -#\napi     -#\nexpect  --", rx_ops.retry(3))


def test_a_mistake_in_what_is_tested_is_raised_as_it_is() -> None:
    def broken(_: Observable[Any]) -> Observable[Any]:
        raise LookupError("not written yet")

    with pytest.raises(LookupError, match="not written yet"):
        check("in      -a-|\nexpect  -a-|", broken)


# --- draw and log ---------------------------------------------------------------------------------------------------


def test_draw_gives_capitals_to_what_has_no_letter() -> None:
    assert draw("-a-b-a-|", rx_ops.map(str.swapcase), a="one", b="two") == "-A-B-A-|"
    assert draw("-a-A-|", rx_ops.map(ord)) == "-A-B-|"
    assert draw("-a-A-b|", rx_ops.map(lambda x: x if x == "A" else ord(x))) == "-B-A-C|"


def test_draw_draws_errors_and_rejected_records() -> None:
    assert draw("-a-#", same) == "-a-#"
    assert draw("-[ab]-|", map(int), a="1", b="x", x=1) == "-[x#]-|"


def test_draw_refuses_what_has_no_room() -> None:
    with pytest.raises(DiagramError, match="needs more room"):
        draw("-ab|", rx_ops.flat_map(lambda x: reactivex.of(x, x)))


def test_draw_knows_batches_that_are_values() -> None:
    bad = Batch([], [], 1, (Rejected(b"?", "no", 0, "x"),))
    assert draw("-a----b----|", same, a=Batch.of("x", "y"), b=bad) == "-[xy]-[#]--|"


def test_log_makes_an_artifact_of_lines() -> None:
    assert log("a", b"b", name="x.log") == Artifact("x.log", size=4, content=b"a\nb\n")


# --- outside of pytest ----------------------------------------------------------------------------------------------


def test_the_kit_needs_no_pytest() -> None:
    code = """
import sys
sys.modules["pytest"] = None
from tailpipe_rx.operators.lifted import map
from tailpipe_rx.testing import draw, log, marbles
marbles("in      -[a]|\\nexpect  -[A]|", map(str.upper))
print(draw("-[ab]-|", map(str.upper)), log("x").size)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("-[AB]-| 2\n", "", 0)
