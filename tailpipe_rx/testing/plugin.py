"""The pytest plugin: the fixture `marbles`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .clock import NeverEnds
from .kit import MarblesDiffer
from .kit import marbles as check


@pytest.fixture(name="marbles")
def marbles_fixture() -> Callable[..., None]:
    """``marbles(diagram, op, a=…, b=…)``: passes, or fails with a drawing and nothing else."""

    def marbles(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        try:
            check(*args, **kwargs)
        except (MarblesDiffer, NeverEnds) as difference:
            text = str(difference)
        else:
            return
        pytest.fail(text, pytrace=False)

    return marbles
