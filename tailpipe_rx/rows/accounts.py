"""Whether all of a block of records has arrived in its rows.

A decoder keeps the last value of a name that stands twice in a record, and says nothing. Looking at each name would
cost as much as decoding; but what arrived can be encoded again, and if it is as long as the block was, nothing was
lost: encoding never makes anything longer (where it could, the block is looked at more closely), so if the sum is right
for a block, it is right for each record in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw

from .checks import never_longer
from .hints import bare
from .twins import TEACHABLE, Shape

_encoder: Final = msgspec.json.Encoder()
_encode: Final = _encoder.encode


class _Buffer(threading.local):
    """Room to encode a block in that is not to be had from the system anew each time."""

    def __init__(self) -> None:
        self.bytes = bytearray()


_buffer: Final = _Buffer()


class Accounts:
    """Holds blocks against rows of one class, with the unknown fields that its twin was taught."""

    def __init__(self, of: Shape, taught: Sequence[str]) -> None:
        slots = dict(zip(TEACHABLE, taught, strict=False))
        read_as = {column: convert.read_as for column, convert in of.converted.items()}
        times = [column for column in of.columns if read_as.get(column, bare(of.hints[column])) is datetime]
        self._times = [attrgetter(column) for column in times]
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
        """Whether *rows*, twins yet, are all of *text*. May doubt in vain."""
        return self._again_as_long(text, rows) or self._verbatim_as_long(text)

    def _again_as_long(self, text: bytes, rows: Sequence[Any]) -> bool:
        if not self._never_longer:
            return False
        buffer = _buffer.bytes
        _encoder.encode_into(rows, buffer)
        if len(buffer) != len(text):
            return False
        # milliseconds are written as microseconds, and +0100 as +01:00
        times = (at for get in self._times for at in map(get, rows) if at is not None)
        return not any(at.microsecond or at.tzinfo is not UTC for at in times)

    def _verbatim_as_long(self, text: bytes) -> bool:
        if len(_encode(self._verbatim(text))) == len(text):
            return True
        text = msgspec.json.format(text, indent=-1)
        return len(_encode(self._verbatim(text))) == len(text)
