"""From a name to a table: the plugin's first, then those in the box."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from ..plugin import Plugin, Table
from ..tables import shipped


def find_table(name: str, plugin: Plugin | None) -> tuple[Table[Any], str | None]:
    """The table of that name, and a line to be said about it, if any. Raises `UsageError`, with what was meant."""
    box = shipped()
    own = _own(plugin)
    if (table := own.get(name)) is not None:
        if name not in box or plugin is None or box[name]() is table:
            return table, None
        return table, f"{name}: the table of plugin {plugin.name} is taken, not the one in the box"
    if name in box:
        return box[name](), None
    known = [*own, *box]
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        raise UsageError(f"there is no table {name!r}; did you mean {near[0]!r}? (tailpipe-rx tables lists them)")
    raise UsageError(f"there is no table {name!r}; there are: {', '.join(known)} (--plugin FILE.py adds tables)")


def all_tables(plugin: Plugin | None) -> list[Table[Any]]:
    """Every table that can be collected, by name."""
    own = _own(plugin)
    tables = {**{name: load() for name, load in shipped().items() if name not in own}, **own}
    return [tables[name] for name in sorted(tables)]


def _own(plugin: Plugin | None) -> Mapping[str, Table[Any]]:
    return {table.name: table for table in plugin.tables} if plugin is not None else {}
