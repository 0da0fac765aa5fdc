"""Reading the annotations of row classes."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from .columns import Convert, DuckDB, Struct, _NestedJson

UNIONS: Final = (Union, types.UnionType)
INTEGERS: Final = {
    "TINYINT": (-(2**7), 2**7 - 1),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "UTINYINT": (0, 2**8 - 1),
    "USMALLINT": (0, 2**16 - 1),
    "UINTEGER": (0, 2**32 - 1),
}


def hints_of(cls: type) -> dict[str, Any]:
    """The annotations of a class, marks included."""
    return get_type_hints(cls, include_extras=True)


def marks(hint: Any) -> Iterator[Any]:
    """What stands in ``Annotated`` at any depth of a column's own type: descriptions, `DuckDB`, `Json`, …"""
    for arg in get_args(hint):
        yield from getattr(arg, "__metadata__", ())
        if get_origin(hint) is Annotated or get_origin(hint) in UNIONS:
            yield from marks(arg)


def own_marks(hint: Any) -> list[Any]:
    """The marks of a column: `get_type_hints` leaves the outermost ones on the hint itself."""
    return [*getattr(hint, "__metadata__", ()), *marks(hint)]


def is_json(hint: Any) -> bool:
    return any(isinstance(m, _NestedJson) for m in own_marks(hint))


def duckdb(hint: Any) -> str | None:
    return next((m.type for m in own_marks(hint) if isinstance(m, DuckDB)), None)


def conversion(hint: Any) -> Convert | None:
    return next((m for m in own_marks(hint) if isinstance(m, Convert)), None)


def description(hint: Any) -> str:
    return next((m for m in own_marks(hint) if isinstance(m, str)), "")


def bare(hint: Any) -> Any:
    """``Annotated[X | None, …]`` becomes ``X``."""
    while True:
        if get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        elif get_origin(hint) in UNIONS:
            rest = [a for a in get_args(hint) if a is not type(None)]
            if len(rest) != 1:
                return hint
            hint = rest[0]
        else:
            return hint


def nullable(hint: Any) -> bool:
    """Whether None is among the values of a column."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return get_origin(hint) in UNIONS and any(arg is type(None) or nullable(arg) for arg in get_args(hint))


def struct(hint: Any) -> type[Struct] | None:
    """The Struct of a STRUCT column."""
    kind = bare(hint)
    return kind if not is_json(hint) and isinstance(kind, type) and issubclass(kind, Struct) else None


def structs(hint: Any) -> Iterator[Any]:
    """All Structs in a type, msgspec's too."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for arg in get_args(hint):
        yield from structs(arg)


def replaced(hint: Any, swap: Callable[[Any], Any]) -> Any:
    """*hint* with *swap* applied to each class in it."""
    origin, args = get_origin(hint), get_args(hint)
    if not args:
        return swap(hint) if isinstance(hint, type) else hint
    if origin is Annotated:
        return Annotated[(replaced(args[0], swap), *hint.__metadata__)]
    new = tuple(a if a is Ellipsis else replaced(a, swap) for a in args)
    if origin in UNIONS:
        return Union[new]  # noqa: UP007  # made of a tuple
    return origin[new] if origin is not None and hasattr(origin, "__class_getitem__") else hint


def bounded(hint: Any) -> Any:
    """*hint* with the range of its DuckDB type, so that what does not fit the column rejects the record.

    A number that is none, which text may spell (``nan``, ``inf``), fits no column: JSON has none.
    """

    low, high = INTEGERS.get(duckdb(hint) or "BIGINT", (None, None))

    def swap(kind: Any) -> Any:
        if kind is float:
            return Annotated[float, msgspec.Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
        return Annotated[int, msgspec.Meta(ge=low, le=high)] if kind is int and low is not None else kind

    return replaced(hint, swap)
