"""The hidden classes through which records are read.

A *twin* of a row class has the same slots under the names of the log format: nested JSON stays raw bytes, unknown
fields are forbidden. When a block of records has been decoded into twins, each is made an instance of the author's
class by ``row.__class__ = cls`` (which CPython allows between classes of one layout), and from then on encodes under
its column names. Renaming costs nothing that way.

A format grows: a field that no column knows would send every record down the slow path. The ``tp_`` slots of a row
are empty while it is read, so a twin can be *taught* such fields: they are decoded as raw bytes into slots that are
free, and moved to ``extra`` when the row is adopted.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw, StructMeta

from ..errors import RecordError
from .columns import ColumnsMeta, Convert, RowColumns, Struct, columns
from .depth import SHALLOW, too_deep
from .hints import bare, bounded, conversion, hints_of, is_json, nullable, replaced, struct

NOBODY: Final = f"\x7f{secrets.token_hex(8)}"  # no record can name a slot that is not meant for it
NULL: Final = b"null"
_encode: Final = msgspec.json.encode
_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode


class Shape:
    """What is known of a row class or Struct: its columns, the format's names, and which of them are nested."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.hints = hints_of(cls)
        self.columns = columns(cls)
        self.is_row = issubclass(cls, RowColumns)
        renamed: Any = msgspec.defstruct("_", [(f, Any) for f in self.columns], rename=self.cls.__rename__)
        self.names = dict(zip(self.columns, renamed.__struct_encode_fields__, strict=True)) | self.cls.__keys__
        twice = [n for n in self.names.values() if list(self.names.values()).count(n) > 1]
        if twice:
            raise TypeError(f"{cls.__name__}: two columns are read from {twice[0]!r}")
        with_default = zip(reversed(self.cls.__struct_fields__), reversed(self.cls.__struct_defaults__), strict=False)
        self.known = frozenset(self.names.values())
        self.optional = {f for f, d in with_default if d is not msgspec.NODEFAULT} & set(self.columns)
        self.json = tuple(f for f in self.columns if is_json(self.hints[f]))
        self.structs = {f: shape(s) for f in self.columns if (s := struct(self.hints[f])) is not None}
        self.converted: dict[str, Convert] = {}
        for f in self.columns:
            if (convert := conversion(self.hints[f])) is not None:
                self.converted[f] = convert
        self.times = tuple(f for f in self.columns if bare(self.hints[f]) is datetime)

    def read_as(self, column: str, forbid: bool = True) -> Any:
        """The type that the twin's field of *column* is decoded to."""
        hint = self.hints[column]
        if column in self.json:
            return Raw
        if column in self.structs:
            if self.is_row:  # decoded once for all rows that have the same: see interned.py
                return Raw
            inner = self.structs[column].cls
            return replaced(hint, lambda kind: _twin_of_struct(inner, forbid) if kind is inner else kind)
        if column in self.converted:
            kind = self.converted[column].read_as
            return kind | None if column in self.optional else kind
        return bounded(hint)


@functools.cache
def shape(cls: type) -> Shape:
    """The `Shape` of a class; each is looked at once."""
    return Shape(cls)


TEACHABLE: Final = tuple(f for f in RowColumns.__struct_fields__ if f != "extra")
"""The slots that unknown fields can be decoded into."""


def twin(of: Shape, taught: Sequence[str] = (), seen: Sequence[str] = (), forbid: bool = True) -> type:
    """A class to read records of *of* with: *taught* are unknown fields to take along, *seen* the usual order of names.

    A decoder looks for each name behind the one before: fields in the order of the records are found at once, in any
    other order after half of them. Slots are sorted by name, so the order does not change the layout.

    Unless *forbid* is false, any further field is a `msgspec.ValidationError`.
    """
    slots = dict(zip(TEACHABLE, taught, strict=False))
    base = of.cls.__bases__[0].__struct_fields__
    rename = {f: slots.get(f, f"{NOBODY}{f}") for f in base} | of.names
    types: dict[str, Any] = {f: Raw if f in slots else None for f in base} | {
        f: of.read_as(f, forbid) for f in of.columns
    }
    place = {name: i for i, name in enumerate(seen)}
    fields = sorted(types, key=lambda f: place.get(rename[f], len(place) + (f not in of.names)))
    ns: dict[str, Any] = {f: None for f in fields if f not in of.names or f in of.optional}
    ns["__annotations__"] = {f: types[f] for f in fields}
    made: type = StructMeta.__new__(
        ColumnsMeta,
        of.cls.__name__,
        of.cls.__bases__,
        ns,
        rename=rename,
        kw_only=True,
        gc=False,
        forbid_unknown_fields=forbid,
    )
    return made


@functools.cache
def _twin_of_struct(cls: type, forbid: bool) -> type:
    return twin(shape(cls), forbid=forbid)


def in_order(of: Shape, header: Sequence[str]) -> Callable[[bytes], list[Any]]:
    """A decoder of arrays of values in the order of *header* (names of the format), every value given."""
    by_name = {name: f for f, name in of.names.items()}
    given = [by_name[name] for name in header]
    absent = [f for f in of.columns if f not in given]
    ns: dict[str, Any] = dict.fromkeys(absent)
    ns["__annotations__"] = {f: of.read_as(f) for f in given} | dict.fromkeys(absent, Literal["\x00"])
    made: Any = StructMeta.__new__(ColumnsMeta, of.cls.__name__, of.cls.__bases__, ns, array_like=True, gc=False)
    return msgspec.json.Decoder(list[made], strict=False).decode


@functools.cache
def lenient(cls: type[Struct]) -> type:
    """What a Struct inside a `Json` column is decoded to: a subclass that reads the names of the log format."""
    of = shape(cls)

    def seen(kind: Any) -> Any:
        return lenient(kind) if isinstance(kind, type) and issubclass(kind, Struct) else kind

    ns: dict[str, Any] = {f: None for f in of.columns if f in of.optional}
    ns["__annotations__"] = {f: replaced(of.hints[f], seen) for f in of.columns}
    made: type = StructMeta.__new__(
        ColumnsMeta, cls.__name__, (cls,), ns, rename=of.names, kw_only=True, gc=False, frozen=True
    )
    return made


# --- adoption ---------------------------------------------------------------------------------------------------------


def utc(at: datetime) -> datetime:
    """The same moment in UTC; a time without zone is taken for UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


def add_extra(row: Any, pairs: list[bytes]) -> None:
    """Put ``"name":value`` pairs into ``extra``, in the order of their names."""
    if row.extra is not None:
        pairs = [*pairs, *(b"%b:%b" % (_encode(name), bytes(value)) for name, value in _members(row.extra).items())]
    row.extra = joined(pairs)


def joined(pairs: list[bytes]) -> Raw:
    """The same pairs as one object. Raises `RecordError` if paths and names meet, as ``{"a":{"b":1},"a.b":2}`` does."""
    text = b"{%b}" % b",".join(sorted(pairs))
    if len(pairs) > 1 and len(_members(text)) != len(pairs):
        raise RecordError("two of its unknown fields have the same path")
    return Raw(text)


def adopter(
    of: Shape, taught: Sequence[str] = (), interned: Mapping[str, Any] = EMPTY
) -> Callable[[Sequence[Any]], None]:
    """A function that makes twins rows of the author's class. *interned* are the values of STRUCT columns.

    It is generated for the class, as attrs and dataclasses generate their methods: it touches every row, and a loop
    over descriptions of columns would cost several times what the work itself does. What goes into the text are
    column names and counters only.
    """
    scope: dict[str, Any] = {
        "UTC": UTC, "utc": utc, "NULL": NULL, "SHALLOW": SHALLOW, "too_deep": too_deep, "add_extra": add_extra
    }  # fmt: skip
    *lines, become = adoption(of, "row", scope)
    if taught:
        lines.append("extra = []")
    for slot, name in zip(TEACHABLE, taught, strict=False):
        scope[f"k_{slot}"] = _encode(name) + b":"
        lines += _shallow(f"row.{slot}")
        lines.append(f"if v is not None: extra.append(k_{slot} + bytes(v)); row.{slot} = None")
    for column, values in interned.items():
        scope |= {f"known_{column}": values.found.get, f"find_{column}": values.find}
        lines += [
            f"v = row.{column}",
            "if v is not None:",
            "    v = bytes(v)",
            f"    row.{column}, pairs = known_{column}(v) or find_{column}(v)",
            "    if pairs: extra += pairs" if taught else "    if pairs: add_extra(row, pairs)",
        ]
        if not nullable(of.hints[column]):
            lines.append(f"if row.{column} is None: raise ValueError({of.names[column] + ' is null'!r})")
    if taught:
        lines.append("if extra: add_extra(row, extra)")
    lines.append(become)
    body = "".join(f"\n        {line}" for line in lines)
    scope["len"], scope["bytes"] = len, bytes
    names = ", ".join(f"{name}={name}" for name in scope)  # local names: each is looked up for each row
    source = f"def adopt(rows, {names}):\n    for row in rows:{body}\n"
    exec(compile(source, f"<adopt {of.cls.__name__}>", "exec"), scope)
    adopt: Callable[[Sequence[Any]], None] = scope["adopt"]
    return adopt


def adoption(of: Shape, variable: str, scope: dict[str, Any]) -> list[str]:
    """The lines that adopt the twin in *variable*, Structs within Structs included; names they use go to *scope*."""
    own = f"c{len(scope)}"
    scope[own] = of.cls
    lines: list[str] = []
    for column, convert in of.converted.items():
        name = f"f{len(scope)}"
        scope[name] = convert.function
        lines += [f"v = {variable}.{column}", f"if v is not None: {variable}.{column} = {name}(v)"]
    for column in of.times:
        null = "v is not None and " if nullable(of.hints[column]) else ""
        lines += [f"v = {variable}.{column}", f"if {null}v.tzinfo is not UTC: {variable}.{column} = utc(v)"]
    for column in of.json:
        if of.is_row:  # a Struct has been looked at as a whole
            lines += _shallow(f"{variable}.{column}")
        if column not in of.optional:
            lines.append(f"if bytes({variable}.{column}) == NULL: raise ValueError({of.names[column] + ' is null'!r})")
    if not of.is_row:
        for column, inner in of.structs.items():
            name = f"n{len(scope)}"
            inside = adoption(inner, name, scope)
            lines += [f"{name} = {variable}.{column}", f"if {name} is not None:", *(f"    {x}" for x in inside)]
    return [*lines, f"{variable}.__class__ = {own}"]  # last, since a Struct is frozen from then on


def _shallow(value: str) -> list[str]:
    return [
        f"v = {value}",
        "if v is not None and len(v) > SHALLOW and too_deep(bytes(v)): raise ValueError('it is nested too deeply')",
    ]
