"""What a line of a chunk must not hold, although it may be JSON of sorts.

A chunk is the contract with whoever reads it. A name that stands twice in an object silently loses its first value
when it is decoded, and DuckDB refuses a *whole file* for one value that is nested deeper than 128 levels; so both are
looked for here, and such a record is rejected. (Half a surrogate pair, which DuckDB refuses as well, is no JSON to
msgspec.)
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Raw

from ..errors import RecordError
from .depth import DEEPEST, too_deep
from .hints import bare
from .twins import Shape

_keys: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_encode: Final = msgspec.json.encode


def check(text: bytes, of: Shape, path: str = "") -> dict[str, Raw]:
    """The values of one object; raises `RecordError` if it holds anything of the kind. Exact."""
    if too_deep(text, DEEPEST - path.count(".")):
        raise RecordError(f"it is nested deeper than {DEEPEST} levels")
    values = _keys(text)
    if len(_encode(values)) != len(text) and not _compact_is_whole(text):
        # names with escapes change the length too: only now is it worth a slow look
        names = [name for name, _ in json.loads(text, object_pairs_hook=list)]
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise RecordError(f"the name {path + twice!r} stands twice in it")
    for column, inner in of.structs.items():
        value = bytes(values.get(of.names[column], b""))
        if value[:1] == b"{":
            check(value, inner, f"{path}{of.names[column]}.")
    return values


def _compact_is_whole(text: bytes) -> bool:
    text = msgspec.json.format(text, indent=-1)
    return len(_encode(_keys(text))) == len(text)


def never_longer(of: Shape) -> bool:
    """Whether encoding what was read again cannot make it longer, as it does with 1E5."""
    return all(_never_longer(of, column) for column in of.columns)


def _never_longer(of: Shape, column: str) -> bool:
    if column in of.json:
        return True
    if column in of.structs:
        return of.is_row or never_longer(of.structs[column])  # raw in a row
    convert = of.converted.get(column)
    kind = convert.read_as if convert is not None else bare(of.hints[column])
    return kind in (str, bool, int) or (kind is datetime and of.is_row)  # accounts.py looks at their fractions
