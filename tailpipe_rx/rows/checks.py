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


def check(text: bytes, of: Shape, path: str = "", unknown: list[bytes] | None = None) -> None:
    """Raise `RecordError` if one object holds anything of the kind. Exact.

    To *unknown* the ``"path":value`` pairs of fields that no column knows are added; those within the STRUCT columns of
    a row are not among them, since such a column is read by itself.
    """
    if too_deep(text, DEEPEST - path.count(".")):
        raise RecordError(f"it is nested deeper than {DEEPEST} levels")
    _look(text, of, path, unknown)


def _look(text: bytes, of: Shape, path: str, unknown: list[bytes] | None) -> None:
    values = _keys(text)
    if len(_encode(values)) != len(text) and not _compact_is_whole(text):
        # names with escapes change the length too: only now is it worth a slow look
        names = [name for name, _ in json.loads(text, object_pairs_hook=list)]
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise RecordError(f"the name {path + twice!r} stands twice in it")
    if unknown is not None:
        for name in values.keys() - of.known:
            unknown.append(b"%b:%b" % (_encode(path + name), bytes(values[name])))
    for column, inner in of.structs.items():
        value = values.get(of.names[column])
        if value is not None and (nested := bytes(value)).startswith(b"{"):
            _look(nested, inner, f"{path}{of.names[column]}.", None if of.is_row else unknown)


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
