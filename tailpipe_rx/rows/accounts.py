"""Whether all of a block of records has arrived in its rows.

A decoder keeps the last value of a name that stands twice in a record, and says nothing. Looking at each name would
cost as much as decoding; but what arrived can be encoded again, and if it is as long as the block was, nothing was
lost: encoding never makes anything longer (where it could, the block is looked at more closely), so if the sum is right
for a block, it is right for each record in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw

from .checks import DEEPEST, never_longer, too_deep
from .twins import TEACHABLE, Shape

_CAN_BE_DEEP: Final = 2 * (DEEPEST - 1)
_encode: Final = msgspec.json.Encoder().encode


class Accounts:
    """Holds blocks against rows of one class, with the unknown fields that its twin was taught."""

    def __init__(self, of: Shape, taught: Sequence[str]) -> None:
        slots = dict(zip(TEACHABLE, taught, strict=False))
        self._nested = [attrgetter(column) for column in (*of.json, *slots)]
        self._times = [attrgetter(column) for column in of.times]
        self._never_longer = never_longer(of)
        names = (*of.names.values(), *slots.values())
        verbatim: Any = msgspec.defstruct(
            of.cls.__name__,
            [(f"_{i}", Raw, UNSET) for i in range(len(names))],
            rename={f"_{i}": name for i, name in enumerate(names)},
            gc=False,
        )
        self._verbatim: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[verbatim]).decode

    def balance(self, text: bytes, rows: Sequence[Any]) -> bool:
        """Whether *rows*, twins yet, are all of *text*, and no value is nested too deeply. May doubt in vain."""
        return self._shallow(rows) and (self._again_as_long(text, rows) or self._verbatim_as_long(text))

    def _again_as_long(self, text: bytes, rows: Sequence[Any]) -> bool:
        if not self._never_longer or len(_encode(rows)) != len(text):
            return False
        # milliseconds are written as microseconds
        return not any(at is not None and at.microsecond for get in self._times for at in map(get, rows))

    def _verbatim_as_long(self, text: bytes) -> bool:
        if len(_encode(self._verbatim(text))) == len(text):
            return True
        text = msgspec.json.format(text, indent=-1)
        return len(_encode(self._verbatim(text))) == len(text)

    def _shallow(self, rows: Sequence[Any]) -> bool:
        for get in self._nested:
            for value in map(get, rows):
                if value is not None and len(value) > _CAN_BE_DEEP and too_deep(bytes(value), DEEPEST - 1):
                    return False
        return True
