"""What an author writes: row classes, their columns, and what only a row knows of the columns all tables share.

A row class is an annotated class. Its annotations say how a record of the log format is read and what the columns of
the table are; its instances are ordinary Python objects that always encode as their output line.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, TypeAlias, TypeVar, dataclass_transform

import msgspec
from msgspec import Raw, StructMeta
from msgspec import field as field

T = TypeVar("T")


class _NestedJson:
    """The mark of a `Json` column."""


Json: TypeAlias = Annotated[T, _NestedJson()]
"""A nested column that stays JSON: to the reader of the code a ``T``; raw bytes until touched, written back verbatim.

Looking never loses or reorders anything. Plain dicts and lists replace the raw bytes when touched, so a change is
written; a type with Structs in it may know only some of the keys, so it is decoded at each look, has to be immutable
(``Json[tuple[Resource, ...]]``), and the raw bytes stay.
"""


class DuckDB(msgspec.Struct, frozen=True):
    """The DuckDB type of a column where the default would not do: ``Annotated[int, "…", DuckDB("INTEGER")]``."""

    type: str


class Convert(msgspec.Struct, frozen=True):
    """A column that is read as another type than it is kept in: ``Annotated[int, "…", Convert(datetime, to_millis)]``.

    *function* is called with what was read, unless that is null. It must be defined at module level.
    """

    read_as: Any
    function: Callable[[Any], Any]


class Common(msgspec.Struct, kw_only=True, gc=False):
    """What only the row knows of the columns that all tables share. In lists None and repeats are dropped, in order.

    >>> from datetime import UTC, datetime
    >>> Common(timestamp=datetime(2026, 1, 2, tzinfo=UTC), source_ip="192.0.2.1").source_ip
    '192.0.2.1'
    """

    timestamp: datetime
    """When it happened; without a zone it is taken for UTC."""
    index: str | None = None
    """For ``tp_index``, unless the partition names a column for it; shipped tables set none."""
    source_ip: str | None = None
    """Kept only if it is an address."""
    destination_ip: str | None = None
    ips: Collection[str | None] | None = None
    """All addresses; by default source and destination."""
    akas: Collection[str | None] | None = None
    tags: Collection[str | None] | None = None
    domains: Collection[str | None] | None = None
    emails: Collection[str | None] | None = None
    usernames: Collection[str | None] | None = None


_Field: Final[Any] = type(field())


class ColumnsMeta(StructMeta):
    """Keeps the names of the log format for reading only, so that instances encode under their column names."""

    __rename__: Any
    __keys__: dict[str, str]

    def __new__(
        mcls, name: str, bases: tuple[type, ...], ns: dict[str, Any], *, rename: Any = None, **config: Any
    ) -> ColumnsMeta:
        if config:
            raise TypeError(f"{name}: a row class takes rename= and nothing else, not {', '.join(config)}")
        root = bases in ((msgspec.Struct,), (globals().get("RowColumns"),))  # Struct, RowColumns and Row themselves
        if not root and bases != (Struct,) and [base.__bases__ for base in bases] != [(RowColumns,)]:
            raise TypeError(f"{name}: derive it from Row or Struct and from nothing else")
        keys: dict[str, str] = {}
        for column, value in list(ns.items()):
            if isinstance(value, _Field) and value.name is not None:
                keys[column] = value.name
                ns[column] = _Field(default=value.default, default_factory=value.default_factory)
        frozen = not root and bases == (Struct,)
        cls = StructMeta.__new__(mcls, name, bases, ns, kw_only=True, gc=False, omit_defaults=True, frozen=frozen)
        if not root:
            _check(cls, bases)
        cls.__rename__, cls.__keys__ = rename, keys
        return cls


def _check(cls: ColumnsMeta, bases: tuple[type, ...]) -> None:
    taken = [c for c in cls.__annotations__ if hasattr(bases[0], c)]
    if taken:
        raise TypeError(f"{cls.__name__}.{taken[0]}: the name is taken; common() fills the tp_ columns")
    for column, default in zip(reversed(cls.__struct_fields__), reversed(cls.__struct_defaults__), strict=False):
        if default is not None and default is not msgspec.NODEFAULT:
            raise TypeError(f"{cls.__name__}.{column}: write '= None'; a column equal to its default is not written")


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
class Struct(msgspec.Struct, metaclass=ColumnsMeta):
    """A nested value with declared fields: a STRUCT column, or what one looks for inside a `Json` column.

    As a column, ``user: Annotated[User | None, "…"] = None``, its fields are written under their own names, and fields
    of the record that it does not declare go to ``extra`` under their path. It is frozen: rows share equal ones, and
    one changes a column by assigning another.

    >>> class User(Struct, rename="camel"):
    ...     user_name: str | None = None
    >>> msgspec.json.encode(User(user_name="ada"))
    b'{"user_name":"ada"}'
    """

    def __eq__(self, other: object) -> bool:
        """Structs are equal if their fields are: also one that was found inside a `Json` column and one of an author's.

        (What is found there is an instance of a hidden subclass, which reads the names of the log format.)
        """
        cls = type(self)
        if not isinstance(other, Struct) or _written_by_author(cls) is not _written_by_author(type(other)):
            return False
        if msgspec.Struct.__eq__(self, other) is True:
            return True
        return all(mine == others for (_, mine), (_, others) in zip(_looks(self), _looks(other), strict=True))

    def __hash__(self) -> int:
        plain = (value for _, value in _looks(self) if isinstance(value, str | int | float | date | Struct | None))
        return hash((_written_by_author(type(self)), *plain))

    def __repr__(self) -> str:
        return _shown(self)


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
class RowColumns(msgspec.Struct, metaclass=ColumnsMeta):
    """The slots of every row: see `Row`, which authors derive from."""

    tp_id: str | None = None
    tp_timestamp: datetime | None = None
    tp_table: str | Raw | None = None
    tp_index: str | None = None
    tp_date: date | None = None
    tp_source_ip: str | Raw | None = None
    tp_destination_ip: str | None = None
    tp_ips: Sequence[str] | None = None
    tp_akas: Sequence[str] | None = None
    tp_tags: Sequence[str] | None = None
    tp_domains: Sequence[str] | None = None
    tp_emails: Sequence[str] | None = None
    tp_usernames: Sequence[str] | None = None
    extra: Raw | None = None

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # rows can be changed

    def common(self) -> Common:
        """What the row knows of the common columns. Called once, after the chain; what it raises rejects the record."""
        raise TypeError(f"{type(self).__name__} has no common(): write it, so that the row has a time")

    def __eq__(self, other: object) -> bool:
        """Rows are equal if they would be written alike."""
        return type(other) is type(self) and msgspec.json.encode(self) == msgspec.json.encode(other)

    def __repr__(self) -> str:
        return _shown(self)


@functools.cache
def columns(cls: type) -> tuple[str, ...]:
    """The columns that a row class or Struct declares, in order."""
    own: tuple[str, ...] = cls.__struct_fields__  # type: ignore[attr-defined]
    base = RowColumns if issubclass(cls, RowColumns) else Struct
    return tuple(f for f in own if f not in base.__struct_fields__)


def _written_by_author(cls: type[Struct]) -> type:
    """*cls*, or what it is a view of."""
    return cls if cls.__bases__ == (Struct,) else cls.__bases__[0]


def _shown(value: msgspec.Struct) -> str:
    return f"{type(value).__name__}({', '.join(f'{k}={v!r}' for k, v in _looks(value) if v is not None)})"


def _looks(value: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """The columns and what is in them. Looking at a Json column would replace its bytes; this does not."""
    cls = type(value)
    for column in columns(cls):
        peek = getattr(cls.__dict__.get(column), "peek", None)
        yield column, _peek(value, peek) if peek else getattr(value, column)


def _peek(value: msgspec.Struct, peek: Callable[[Any], Any]) -> Any:
    try:
        return peek(value)
    except msgspec.ValidationError as error:  # a Json column may hold anything, and is kept
        return error
