"""The values of STRUCT columns, decoded once for all rows that have the same.

Few people and sessions make most calls, and few TLS settings are in use: in real trails nineteen of twenty
``userIdentity`` values have been seen shortly before, byte for byte. So a STRUCT column is read as raw bytes, and the
Struct that these bytes stand for is looked up; it is frozen, because rows share it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

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


class Interned:
    """What the bytes of a STRUCT column stand for."""

    def __init__(self, of: Shape, path: str) -> None:
        self._of, self._path = of, path
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(twin(of)).decode
        self._decode_known: Callable[[bytes], Any] = msgspec.json.Decoder(twin(of, forbid=False)).decode
        self._adopt = adopter(of)
        self._never_longer = never_longer(of)
        self._grown = False
        """Whether the last value that was looked at had fields which are not declared: then the next has them, too."""
        self.found: dict[bytes, Found] = {}
        """What is known already."""

    def find(self, text: bytes) -> Found:
        """What is not known yet. Raises `ValueError` for what does not fit the Struct."""
        if text == NULL:
            return None, None
        extra: list[bytes] = []
        value = None if self._grown else self._declared(text)
        if value is None:
            check(text, self._of, self._path, extra)
            value = self._decode_known(text)
            self._grown = bool(extra)
        if extra:
            joined(extra)
        self._adopt((value,))
        found = value, extra or None
        if len(text) <= LONGEST:
            if len(self.found) >= MOST:
                self.found.clear()
            self.found[text] = found
        return found

    def _declared(self, text: bytes) -> Any:
        """The Struct, if *text* holds nothing but fields that it declares, each once, and is not nested too deeply."""
        try:
            value = self._decode(text)
        except msgspec.ValidationError:
            return None
        if not self._never_longer or len(_encode(value)) != len(text):  # as in accounts.py
            return None
        if len(text) > SHALLOW and too_deep(text, DEEPEST - self._path.count(".")):
            return None
        return value
