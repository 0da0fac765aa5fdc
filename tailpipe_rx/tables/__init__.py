"""The tables shipped in the box, one module each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..table import Table

_SHIPPED = {"aws_cloudtrail_log": ("tailpipe_rx.tables.aws.cloudtrail", "cloudtrail")}


def shipped() -> Mapping[str, Callable[[], Table[Any]]]:
    """The tables in the box by name; a module is imported only when its table is asked for.

    >>> shipped()["aws_cloudtrail_log"]().name
    'aws_cloudtrail_log'
    """

    def load(module: str, name: str) -> Callable[[], Table[Any]]:
        return lambda: getattr(import_module(module), name)

    return {table: load(*place) for table, place in _SHIPPED.items()}
