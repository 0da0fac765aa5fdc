"""The values of STRUCT columns, decoded once for all rows that have the same.

Few people and sessions make most calls, and few TLS settings are in use: in real trails nineteen of twenty
``userIdentity`` values have been seen shortly before, byte for byte. So a STRUCT column is read as raw bytes, and what
these bytes mean, and how they are written, is looked up. The slot of the row holds the written form; whoever looks at
the column gets the Struct, which is frozen because rows share it.
"""

from __future__ import annotations

import threading
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

Found = tuple[Raw | None, list[bytes] | None]
"""How a value is written, and the ``"path":value`` pairs of fields in it that its Struct does not declare."""

_encode: Final = msgspec.json.encode
_keys: Final = msgspec.json.Decoder(dict[str, Raw]).decode


class Interned:
    """What the bytes of a STRUCT column stand for."""

    def __init__(self, of: Shape, path: str) -> None:
        self._of, self._path = of, path
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(twin(of)).decode
        self._adopt = adopter(of)
        self._never_longer = never_longer(of)
        self._decode_written: Callable[[Raw], Any] = msgspec.json.Decoder(twin(of, written=True)).decode
        self._adopt_written = adopter(of, written=True)
        self.found: dict[bytes, Found] = {}
        """What is known already."""
        self.looked: dict[int, Any] = {}
        """Structs by the address of their written form."""
        self._changing = threading.Lock()  # an address must not outlive what lies there

    def written(self, text: Raw) -> Any:
        """A Struct from its written form, once it is forgotten, or was too long to be kept."""
        value = self._decode_written(text)
        self._adopt_written((value,))
        return value

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
        found = Raw(_encode(value)), extra or None
        if len(text) <= LONGEST:
            with self._changing:
                if (sooner := self.found.get(text)) is not None:  # another thread: the address is told already
                    return sooner
                if len(self.found) >= MOST:
                    self.looked.clear()
                    self.found.clear()
                self.found[text] = found
                self.looked[id(found[0])] = value
        return found


class Shared(property):
    """Stands in front of the slot of a STRUCT column, and gives the Struct when somebody looks."""

    def __init__(self, slot: Any, values: Interned) -> None:
        raw, known, decode = slot.__get__, values.looked, values.written

        def look(row: Any) -> Any:
            value = raw(row)
            if type(value) is Raw:
                # the key is its address: what is in the table is alive, so no other object can have it
                found = known.get(id(value))
                return found if found is not None else decode(value)
            return value

        super().__init__(look, slot.__set__)
        self.peek = look


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
