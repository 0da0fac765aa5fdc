"""The values of STRUCT columns, decoded once for all rows that have the same.

Few people and sessions make most calls, and few TLS settings are in use: in real trails nineteen of twenty
``userIdentity`` values have been seen shortly before, byte for byte. So a STRUCT column is read as raw bytes, and the
Struct that these bytes stand for is looked up; it is frozen, because rows share it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw

from ..errors import RecordError
from .checks import check, never_longer
from .depth import DEEPEST, SHALLOW, too_deep
from .twins import NULL, Shape, adopter, joined, twin

MOST: Final = 2_048
"""Values kept of one column; when there are more, all are forgotten."""
LONGEST: Final = 4_096
"""Bytes of a value that is worth keeping."""

Found = tuple[Any, list[bytes] | None]
"""A Struct, and the ``"path":value`` pairs of fields in its bytes that it does not declare."""

_encode: Final = msgspec.json.encode
_keys: Final = msgspec.json.Decoder(dict[str, Raw]).decode


class Interned:
    """What the bytes of a STRUCT column stand for."""

    def __init__(self, of: Shape, path: str) -> None:
        self._of, self._path = of, path
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(twin(of)).decode
        self._adopt = adopter(of)
        self._never_longer = never_longer(of)
        self.found: dict[bytes, Found] = {}
        """What is known already."""

    def find(self, text: bytes) -> Found:
        """What is not known yet. Raises `ValueError` for what does not fit the Struct."""
        if text == NULL:
            return None, None
        value: Any = None
        extra: list[bytes] = []
        try:
            value = self._decode(text)
        except msgspec.ValidationError:
            known, extra = divided(check(text, self._of, self._path), self._of, self._path)
            if not extra:
                raise
            value = self._decode(known)
        else:
            if not self._never_longer or len(_encode(value)) != len(text):  # as in accounts.py
                check(text, self._of, self._path)
            elif len(text) > SHALLOW and too_deep(text, DEEPEST - self._path.count(".")):
                raise RecordError(f"it is nested deeper than {DEEPEST} levels")
        if extra:
            joined(extra)
        self._adopt((value,))
        found = value, extra or None
        if len(text) <= LONGEST:
            if len(self.found) >= MOST:
                self.found.clear()
            self.found[text] = found
        return found


def divided(values: dict[str, Raw], of: Shape, path: str) -> tuple[bytes, list[bytes]]:
    """An object without the fields that no column knows, and those as ``"path":value``. STRUCT columns too."""
    known: dict[str, Raw] = {}
    extra: list[bytes] = []
    columns = {name: column for column, name in of.names.items()}
    for name, value in values.items():
        column = columns.get(name)
        if column is None:
            extra.append(b"%b:%b" % (_encode(path + name), bytes(value)))
            continue
        if column in of.structs and bytes(value)[:1] == b"{":
            inner, more = divided(_keys(value), of.structs[column], f"{path}{name}.")
            extra += more
            value = Raw(inner)
        known[name] = value
    return _encode(known), extra
