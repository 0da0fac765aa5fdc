"""Looking into a `Json` column."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, get_origin

import msgspec
from msgspec import Raw

from ..errors import RecordError
from .columns import Struct
from .hints import bare, replaced, structs
from .twins import lenient


class Look(property):
    """Stands in front of a slot that holds raw JSON, and decodes it when somebody looks.

    A type with Structs in it may know only some of the keys, so it is decoded at each look and the raw bytes stay; it
    has to be immutable, lest changes be lost. Plain dicts and lists hold everything: they replace the raw bytes, so
    that what was seen, and perhaps changed, is what is written; but not in a Struct, which is *frozen*, since rows
    share it.
    """

    def __init__(self, slot: Any, hint: Any, frozen: bool = False) -> None:
        partial = any(True for _ in structs(hint))
        if partial and not _immutable(bare(hint)):
            raise TypeError(
                f"{slot.__objclass__.__name__}.{slot.__name__}: a Json column of Structs must be immutable, "
                "a Struct or tuple[Struct, ...] (of msgspec's own Structs frozen ones): changes would be lost"
            )
        raw, put = slot.__get__, slot.__set__
        decode = msgspec.json.Decoder(replaced(hint, looked_at)).decode

        def peek(row: Any) -> Any:
            value = raw(row)
            return decode(value) if type(value) is Raw else value

        def look(row: Any) -> Any:
            value = raw(row)
            if type(value) is Raw:
                text = value
                value = decode(text)
                _lossless(bytes(text), value)
                put(row, value)
            return value

        super().__init__(peek if partial or frozen else look, put)
        self.peek = peek


def _lossless(raw: bytes, value: Any) -> None:
    """Raise `RecordError` if *raw* holds what Python's dicts and floats cannot: it would be written changed."""
    text = msgspec.json.encode(value)
    if text == raw or text == msgspec.json.format(raw, indent=-1):
        return
    # written differently, as 1.10 and 1.1 are; what must be equal are names and numbers
    exact = json.loads(raw, object_pairs_hook=tuple, parse_float=Decimal)
    kept = json.loads(text, object_pairs_hook=tuple, parse_float=Decimal)
    if exact != kept:
        raise RecordError("it cannot be changed without loss: a name stands twice in it, or a number is too exact")


def _immutable(hint: Any) -> bool:
    parts = list(structs(hint))
    frozen = all(issubclass(s, Struct) or s.__struct_config__.frozen for s in parts)
    return frozen and (hint in parts or get_origin(hint) is tuple)


def looked_at(kind: Any) -> Any:
    """The class a Struct is decoded to inside a Json column: its own, frozen, under the names of the log format."""
    return lenient(kind) if isinstance(kind, type) and issubclass(kind, Struct) else kind
