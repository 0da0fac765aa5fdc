"""Stages in an order that cannot work are refused where the chain is built, by their names."""

from collections.abc import Iterator
from typing import Any

import pytest
from reactivex import Observable
from reactivex import operators as rx_ops

from tailpipe_rx.events import Artifact, Rejected
from tailpipe_rx.operators.elements import Batch, Content
from tailpipe_rx.operators.extractor import extractor
from tailpipe_rx.operators.lifted import do_action, filter, map
from tailpipe_rx.operators.operator import operator
from tailpipe_rx.operators.pipe import pipe
from tailpipe_rx.operators.unbatched import rows, unbatched


class Animal:
    """A row."""


class Dog(Animal):
    """A row that is more than an animal."""


class Stone:
    """Another row."""


@operator
def opened(source: Observable[Artifact]) -> Observable[Content]:
    return source.pipe(rx_ops.map(lambda artifact: Content(artifact, iter([b"x"]))))


@operator
def read(source: Observable[Content], row: type[Any]) -> Observable[Batch[Any]]:
    return source.pipe(rx_ops.map(lambda _: Batch.of(row())))


@extractor
def lines(content: Content) -> Iterator[str | Rejected]:
    yield from (piece.decode() for piece in content)


@extractor
def pets(animal: Animal) -> Iterator[Dog]:
    yield Dog()


@extractor
def split(line: str) -> Iterator[str]:
    yield from line


CHAIN = (
    opened(),
    lines(),
    filter(str.isalpha),
    map(str.upper),
    split(),
    do_action(print),
    filter(bool),
    map(str),
    split(),
)


@pytest.mark.parametrize("joint", range(1, 9))
def test_a_wrong_stage_is_refused_at_each_of_the_eight_joints(joint: int) -> None:
    """What stands behind the joint is a stage that takes something else than the one before it gives."""
    wrong = opened()
    chain = [*CHAIN[:joint], wrong, *CHAIN[joint + 1 :]]
    with pytest.raises(TypeError) as failure:
        pipe(*chain)
    said = str(failure.value)
    assert said.startswith(f"opened() takes Artifact, but {CHAIN[joint - 1]!r} before it gives ")


@pytest.mark.parametrize("stages", range(1, 10))
def test_a_right_chain_is_built_at_every_length(stages: int) -> None:
    assert repr(pipe(*CHAIN[:stages])) == f"pipe({', '.join(map_repr(CHAIN[:stages]))})"


def map_repr(stages: tuple[Any, ...]) -> list[str]:
    return [repr(stage) for stage in stages]


@pytest.mark.parametrize(
    ("stages", "says"),
    [
        ([read(Dog), opened()], "opened() takes Artifact, but read(Dog) before it gives Batch"),
        ([opened(), filter(bool)], "filter(bool) takes Batch, but opened() before it gives Content"),
        ([opened(), rows()], "rows() takes Batch, but opened() before it gives Content"),
        ([opened(), unbatched(bool)], "unbatched(bool) takes Batch, but opened() before it gives Content"),
        ([lines(), lines()], "lines() takes Content, but lines() before it gives Batch of str"),
        ([lines(), pets()], "pets() takes Batch of Animal, but lines() before it gives Batch of str"),
        ([pets(), split()], "split() takes Batch of str, but pets() before it gives Batch of Dog"),
        ([pipe(opened(), lines()), pets()], "pets() takes Batch of Animal, but pipe(opened(), lines()) before it"),
        ([opened(), pipe(split(), map(str))], "pipe(split(), map(str)) takes Batch of str, but opened() before it"),
    ],
)  # fmt: skip
def test_the_error_names_both_stages_and_what_does_not_fit(stages: list[Any], says: str) -> None:
    with pytest.raises(TypeError) as failure:
        pipe(*stages)
    assert str(failure.value).startswith(says)


@pytest.mark.parametrize(
    "stages",
    [
        [pets(), pets()],  # a Dog is an Animal
        [lines(), split()],  # of str | Rejected, the rows are str
        [lines(), filter(bool), split()],  # the class that filter is given is a function here, and no row class
        [lines(), do_action(Stone), split()],
        [rx_ops.map(str), opened()],  # nothing is known of RxPY's operators
        [opened(), rx_ops.take(1), split()],
    ],
    ids=repr,
)
def test_what_may_work_is_let_pass(stages: list[Any]) -> None:
    pipe(*stages)


def test_what_is_no_stage_is_refused() -> None:
    with pytest.raises(TypeError, match=r"'lines' is no stage: pipe\(\) takes operators"):
        pipe("lines")  # type: ignore[call-overload]  # what the test is about
    with pytest.raises(TypeError, match=r"pipe\(\) takes at least one stage"):
        pipe()  # type: ignore[call-overload]  # what the test is about
