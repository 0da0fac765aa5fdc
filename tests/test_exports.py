"""What the package shows: the names that programs of others are written with."""

import importlib
import inspect
import pickle
from types import ModuleType
from typing import Any

import pytest

import tailpipe_rx
from tailpipe_rx import ops, testing

TOP = [
    "AlreadyRunning", "Artifact", "ArtifactDiscovered", "ArtifactDownloaded", "ArtifactExtracted", "ArtifactFailed",
    "ArtifactSkipped", "Batch", "ChunkWritten", "CollectRequest", "Collection", "Column", "Common", "Completed",
    "Content", "Convert", "DuckDB", "Event", "FileSource", "Json", "Operator", "Plugin", "RecordError", "Rejected",
    "Row", "RowsQuarantined", "Source", "Started", "Status", "Struct", "TICK", "Table", "Tick", "Window", "collect",
    "extractor", "field", "main", "operator", "ops", "schema",
]  # fmt: skip
OPS = [
    "delimited", "do_action", "filter", "flat_map_iterable", "json_items", "json_lines", "lines", "load", "map",
    "map_concurrent", "pipe", "pull", "regex", "rows", "share", "unbatched",
]  # fmt: skip
TESTING = [
    "DiagramError", "Inline", "MarblesDiffer", "NeverEnds", "VirtualTime", "check_operator", "draw", "log",
    "marbles",
]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "names"),
    [(tailpipe_rx, TOP), (ops, OPS), (testing, TESTING)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_names_are_these(module: ModuleType, names: list[str]) -> None:
    assert sorted(module.__all__) == sorted(names)
    assert set(names) <= set(dir(module))


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module in (tailpipe_rx, ops, testing) for name in sorted(module.__all__)]
)
def test_every_name_is_there_and_says_what_it_is(module: ModuleType, name: str) -> None:
    """Trap: a module named like an exported function overwrites it when somebody imports the module."""
    value = getattr(module, name)
    assert (name == "ops") == isinstance(value, ModuleType)
    assert value.__doc__ or not callable(value)


@pytest.mark.parametrize("name", OPS)
def test_an_operator_is_a_function_even_after_its_module_was_imported(name: str) -> None:
    for module in ("extractors.delimited", "extractors.lines", "extractors.regex", "loaders.load", "operators.pipe"):
        importlib.import_module(f"tailpipe_rx.{module}")
    assert inspect.isfunction(getattr(ops, name))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tailpipe_rx' has no attribute 'colect'"):
        tailpipe_rx.colect  # type: ignore[attr-defined]  # noqa: B018


class Trail(tailpipe_rx.Row):
    """A row."""

    name: str


@pytest.mark.parametrize(
    ("op", "text"),
    [
        (ops.load(), "load()"),
        (ops.lines(), "lines()"),
        (ops.json_items("Records", Trail), "json_items('Records', Trail)"),
        (ops.json_lines(Trail), "json_lines(Trail)"),
        (ops.pipe(ops.load(), ops.json_lines(Trail)), "pipe(load(), json_lines(Trail))"),
    ],
)
def test_the_shipped_operators_are_values_that_show_themselves(op: Any, text: str) -> None:
    assert repr(op) == text
    assert pickle.loads(pickle.dumps(op)) == op
    assert hash(op) == hash(pickle.loads(pickle.dumps(op)))
