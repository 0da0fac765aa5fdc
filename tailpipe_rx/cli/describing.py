"""``tailpipe-rx tables``: what can be collected, and what its columns hold."""

from __future__ import annotations

import json as json_text
import sys
from typing import Any

from ..plugin import Plugin, Table
from ..rows.schema import COMMON, Column, schema
from .display import is_terminal
from .lookup import all_tables, find_table
from .text import safe


def list_tables(plugin: Plugin | None, json: bool) -> None:
    """Names and descriptions. As JSON: ``[{"name": "…", "description": "…"}, …]``."""
    tables = all_tables(plugin)
    if json:
        print(json_text.dumps([{"name": t.name, "description": t.description} for t in tables], indent=2))
        return
    _print([[(t.name, "bold"), (t.description, "")] for t in tables])


def show_table(name: str, plugin: Plugin | None, json: bool) -> None:
    """The columns of one table, its own and those of all tables, with DuckDB types.

    As JSON: ``{"name": "…", "description": "…", "columns": [{"name": …, "type": …, "description": …, "required": …},
    …]}``. A column is required if it is never null.
    """
    table, said = find_table(name, plugin)
    if said is not None:
        print(said, file=sys.stderr)
    columns = all_columns(table)
    if json:
        whole = {
            "name": table.name,
            "description": table.description,
            "columns": [
                {"name": c.name, "type": c.type, "description": c.description, "required": c.required} for c in columns
            ],
        }
        print(json_text.dumps(whole, indent=2))
        return
    _print([[(table.name, "bold"), (table.description, "")]])
    print()
    _print([[(c.name, "bold"), (_type(c), "cyan"), (c.description, "")] for c in columns], stacked=True)


def all_columns(table: Table[Any]) -> list[Column]:
    """The table's own columns, then those of all tables."""
    return [*schema(table.row), *COMMON]


def _type(column: Column) -> str:
    return f"{column.type} NOT NULL" if column.required else column.type


def _print(rows: list[list[tuple[str, str]]], stacked: bool = False) -> None:
    """A terminal gets columns, or, *stacked*, the last one on lines of its own; a pipe one line for each, with tabs."""
    if not is_terminal(sys.stdout):
        for row in rows:
            print("\t".join(safe(text) for text, _ in row))
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    if stacked:
        for *first, (text, style) in rows:
            console.print(Text("  ").join(Text(safe(part), kind) for part, kind in first))
            console.print(Padding(Text(safe(text), style), (0, 0, 0, 4)))
        return
    grid = Grid.grid(padding=(0, 2, 0, 0))
    for i, _ in enumerate(rows[0] if rows else ()):
        grid.add_column(no_wrap=i == 0 and console.width >= 60, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(safe(text), style) for text, style in row))
    console.print(grid)
