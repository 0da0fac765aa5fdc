"""The hidden classes through which records are read.

A *twin* of a row class has the same slots under the names of the log format: nested JSON stays raw bytes, unknown
fields are forbidden. When a block of records has been decoded into twins, each is made an instance of the author's
class by ``row.__class__ = cls`` (which CPython allows between classes of one layout), and from then on encodes under
its column names. Renaming costs nothing that way.

A format grows: a field that no column knows would send every record down the slow path. The ``tp_`` slots of a row
(and the spare ones of a Struct) are empty while it is read, so a twin can be *taught* such fields: they are decoded as
raw bytes into slots that are free, and moved to ``extra`` when the row is adopted.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Raw, StructMeta, UnsetType

from .hints import bare, bounded, conversion, hints_of, is_json, replaced, struct
from .row import ColumnsMeta, Convert, Row, Struct, columns

Taught = Mapping[str, tuple[str, ...]]
"""Names of unknown fields by the path of the object they stand in; the path of the record itself is empty."""
Seen = Mapping[str, Sequence[str]]
"""Names in the order in which records have them, by the path of the object they stand in."""

NOBODY: Final = f"\x7f{secrets.token_hex(8)}"  # no record can name a slot that is not meant for it
_encode: Final = msgspec.json.encode


class Shape:
    """What is known of a row class or Struct: its columns, the format's names, and which of them are nested."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        self.hints = hints_of(cls)
        self.columns = columns(cls)
        self.base: type = Row if issubclass(cls, Row) else Struct
        self.spare = tuple(f for f in self.base.__struct_fields__ if f != "extra")  # type: ignore[attr-defined]
        renamed = msgspec.defstruct("_", [(f, Any) for f in self.columns], rename=cls.__rename__)  # type: ignore[attr-defined]
        self.names = dict(zip(self.columns, renamed.__struct_encode_fields__, strict=True)) | cls.__keys__  # type: ignore[attr-defined]
        twice = [n for n in self.names.values() if list(self.names.values()).count(n) > 1]
        if twice:
            raise TypeError(f"{cls.__name__}: two columns are read from {twice[0]!r}")
        defaults = cls.__struct_defaults__  # type: ignore[attr-defined]
        with_default = zip(reversed(cls.__struct_fields__), reversed(defaults), strict=False)  # type: ignore[attr-defined]
        self.optional = {f for f, d in with_default if d is not msgspec.NODEFAULT} & set(self.columns)
        self.json = tuple(f for f in self.columns if is_json(self.hints[f]))
        self.structs = {f: shape(s) for f in self.columns if (s := struct(self.hints[f])) is not None}
        self.converted: dict[str, Convert] = {}
        for f in self.columns:
            if (convert := conversion(self.hints[f])) is not None:
                self.converted[f] = convert
        self.times = tuple(f for f in self.columns if bare(self.hints[f]) is datetime)

    def read_as(self, column: str, nested: Callable[[Shape, str], type], path: str) -> Any:
        """The type that the twin's field of *column* is decoded to."""
        hint = self.hints[column]
        if column in self.json:
            return Raw
        if column in self.structs:
            inner = self.structs[column]
            twin = nested(inner, f"{path}{self.names[column]}.")
            return replaced(hint, lambda kind: twin if kind is inner.cls else kind)
        if column in self.converted:
            kind = self.converted[column].read_as
            return kind | None if column in self.optional else kind
        return bounded(hint)


@functools.cache
def shape(cls: type) -> Shape:
    return Shape(cls)


class Twin:
    """The decoders of a row class, for records with the unknown fields it was taught."""

    def __init__(self, of: Shape, taught: Taught, seen: Seen) -> None:
        self.taught = taught
        twin: Any = _twin(of, taught, seen, "")
        self.many: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[twin]).decode
        self.one: Callable[[bytes], Any] = msgspec.json.Decoder(twin).decode
        self.convert: Callable[[Mapping[str, Any]], Any] = functools.partial(msgspec.convert, type=twin, strict=False)
        self.adopt = _adopter(of, taught)
        verbatim: Any = _verbatim(of, taught, seen, "")
        self.verbatim: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[verbatim]).decode


def _twin(of: Shape, taught: Taught, seen: Seen, path: str) -> type:
    slots = dict(zip(of.spare, taught.get(path, ()), strict=False))
    rename = {f: slots.get(f, f"{NOBODY}{f}") for f in of.base.__struct_fields__} | of.names  # type: ignore[attr-defined]
    types: dict[str, Any] = {f: Raw if f in slots else None for f in of.base.__struct_fields__}  # type: ignore[attr-defined]
    types |= {f: of.read_as(f, lambda inner, at: _twin(inner, taught, seen, at), path) for f in of.columns}
    # A decoder looks for each name behind the one before: fields in the order of the records are found at once, in any
    # other order after half of them. Slots are sorted by name, so the order does not change the layout.
    place = {name: i for i, name in enumerate(seen.get(path, ()))}
    fields = sorted(types, key=lambda f: place.get(rename[f], len(place) + (f not in of.names)))
    ns: dict[str, Any] = {f: None for f in fields if f not in of.names or f in of.optional}
    ns["__annotations__"] = {f: types[f] for f in fields}
    return StructMeta.__new__(
        ColumnsMeta, of.cls.__name__, (of.base,), ns, rename=rename, kw_only=True, gc=False, forbid_unknown_fields=True
    )


def _verbatim(of: Shape, taught: Taught, seen: Seen, path: str) -> type:
    """A struct of raw values: encoded again it is as long as what it was decoded from, unless a name stood twice."""
    fields: dict[str, tuple[str, Any]] = {}
    for column in of.columns:
        kind: Any = Raw
        if column in of.structs:
            inner = _verbatim(of.structs[column], taught, seen, f"{path}{of.names[column]}.")
            kind = inner | None | UnsetType
        fields[of.names[column]] = (column, kind)
    fields |= {name: (f"_{i}", Raw) for i, name in enumerate(taught.get(path, ()))}
    place = {name: i for i, name in enumerate(seen.get(path, ()))}
    names = sorted(fields, key=lambda name: place.get(name, len(place)))
    return msgspec.defstruct(
        of.cls.__name__,
        [(*fields[name], UNSET) for name in names],
        rename={fields[name][0]: name for name in names},
        gc=False,
    )


def in_order(of: Shape, header: Sequence[str]) -> Callable[[bytes], list[Any]]:
    """A decoder of arrays of values in the order of *header* (names of the format), every value given."""
    by_name = {name: f for f, name in of.names.items()}
    given = [by_name[name] for name in header]
    absent = [f for f in of.columns if f not in given]
    ns: dict[str, Any] = dict.fromkeys(absent)
    ns["__annotations__"] = {f: of.read_as(f, _no_structs, "") for f in given} | {f: Literal["\0"] for f in absent}
    twin: Any = StructMeta.__new__(ColumnsMeta, of.cls.__name__, (of.base,), ns, array_like=True, gc=False)
    return msgspec.json.Decoder(list[twin], strict=False).decode


def _no_structs(of: Shape, path: str) -> type:
    raise TypeError(f"{of.cls.__name__}: a STRUCT column cannot be read from delimited text")


@functools.cache
def lenient(cls: type[Struct]) -> type:
    """What a Struct inside a `Json` column is decoded to: a frozen subclass that reads the names of the log format."""
    of = shape(cls)

    def seen(kind: Any) -> Any:
        return lenient(kind) if isinstance(kind, type) and issubclass(kind, Struct) else kind

    ns: dict[str, Any] = dict.fromkeys((*(f for f in of.columns if f in of.optional), *of.spare))
    ns["__annotations__"] = {f: replaced(of.hints[f], seen) for f in of.columns} | dict.fromkeys(of.spare)
    rename = {f: f"{NOBODY}{f}" for f in of.spare} | of.names
    return StructMeta.__new__(ColumnsMeta, cls.__name__, (cls,), ns, rename=rename, kw_only=True, gc=False, frozen=True)


# --- adoption ---------------------------------------------------------------------------------------------------------


def utc(at: datetime) -> datetime:
    """The same moment in UTC; a time without zone is taken for UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def as_extra(pairs: list[bytes]) -> Raw:
    """The value of ``extra``: ``"name":value`` pairs, in the order of their names."""
    pairs.sort()
    return Raw(b"{%b}" % b",".join(pairs))


def _adopter(of: Shape, taught: Taught) -> Callable[[Sequence[Any]], None]:
    """A function that makes twins rows of the author's class.

    It is generated for the class, as attrs and dataclasses generate their methods: it touches every row, and a loop
    over descriptions of columns would cost several times what the work itself does. What goes into the text are
    column names and counters only.
    """
    scope: dict[str, Any] = {"UTC": UTC, "utc": utc, "Raw": Raw, "as_extra": as_extra, "NULL": Raw(b"null")}
    lines: list[str] = []
    names = iter(range(1_000_000))

    def constant(value: Any) -> str:
        name = f"c{next(names)}"
        scope[name] = value
        return name

    def walk(at: Shape, variable: str, indent: str, path: str) -> None:
        lines.append(f"{indent}{variable}.__class__ = {constant(at.cls)}")
        for i, name in enumerate(taught.get(path, ())):
            slot, key = f"{variable}.{at.spare[i]}", constant(_encode(path + name) + b":")
            lines.append(f"{indent}v = {slot}")
            lines.append(f"{indent}if v is not None: extra.append({key} + bytes(v)); {slot} = None")
        for column in at.times:
            lines.append(f"{indent}v = {variable}.{column}")
            null = "v is not None and " if column in at.optional else ""
            lines.append(f"{indent}if {null}v.tzinfo is not UTC: {variable}.{column} = utc(v)")
        for column, convert in at.converted.items():
            lines.append(f"{indent}v = {variable}.{column}")
            lines.append(f"{indent}if v is not None: {variable}.{column} = {constant(convert.function)}(v)")
        for column in at.json:
            if column not in at.optional:
                lines.append(f"{indent}if {constant(at.cls.__dict__[column])}.raw({variable}) == NULL:")
                lines.append(f"{indent}    raise ValueError({at.names[column]!r} ' is null')")
        for column, inner in at.structs.items():
            name = f"n{next(names)}"
            lines.append(f"{indent}{name} = {variable}.{column}")
            lines.append(f"{indent}if {name} is not None:")
            walk(inner, name, indent + "    ", f"{path}{at.names[column]}.")

    walk(of, "row", "        ", "")
    if taught:
        lines.insert(0, "        extra = []")
        lines.append("        if extra: row.extra = as_extra(extra)")
    source = "\n".join(["def adopt(rows):", "    for row in rows:", *lines])
    exec(compile(source, f"<adopt {of.cls.__name__}>", "exec"), scope)
    adopt: Callable[[Sequence[Any]], None] = scope["adopt"]
    return adopt
