"""The operators, in one place: ``from tailpipe_rx import ops``."""

from .extractors.delimited import delimited
from .extractors.json import json_items, json_lines
from .extractors.lines import lines
from .extractors.regex import regex
from .loaders.load import load
from .operators.concurrent import map_concurrent
from .operators.lifted import do_action, filter, map
from .operators.pipe import pipe
from .operators.pull import flat_map_iterable, pull
from .operators.runner import share
from .operators.unbatched import rows, unbatched

__all__ = [
    "delimited",
    "do_action",
    "filter",
    "flat_map_iterable",
    "json_items",
    "json_lines",
    "lines",
    "load",
    "map",
    "map_concurrent",
    "pipe",
    "pull",
    "regex",
    "rows",
    "share",
    "unbatched",
]
