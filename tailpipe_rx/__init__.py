"""Log-collection plugins as reactive streams.

A *source* is an Observable of artifacts. *Operators* are composed with `ops.pipe` into a chain that makes rows of an
artifact; a `Table` is a name and such a chain. `collect` subscribes to a source through a table, enriches the rows and
writes them in chunks of JSON lines, and is itself an Observable: of what it does.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import ops
    from .cli.script import main
    from .collection.collection import Collection
    from .errors import AlreadyRunning, RecordError
    from .events import (
        TICK,
        Artifact,
        ArtifactDiscovered,
        ArtifactDownloaded,
        ArtifactExtracted,
        ArtifactFailed,
        ArtifactSkipped,
        ChunkWritten,
        CollectRequest,
        Completed,
        Event,
        Rejected,
        RowsQuarantined,
        Started,
        Status,
        Tick,
        Window,
    )
    from .operators.elements import Batch, Content
    from .operators.extractor import extractor
    from .operators.operator import Operator, operator
    from .plugin import Plugin, collect
    from .rows.row import Common, Convert, DuckDB, Json, Row, Struct, field
    from .rows.schema import Column, schema
    from .sources.files import FileSource
    from .sources.source import Source
    from .table import Table

_PLACES = {
    "AlreadyRunning": ".errors",
    "Artifact": ".events",
    "ArtifactDiscovered": ".events",
    "ArtifactDownloaded": ".events",
    "ArtifactExtracted": ".events",
    "ArtifactFailed": ".events",
    "ArtifactSkipped": ".events",
    "Batch": ".operators.elements",
    "ChunkWritten": ".events",
    "CollectRequest": ".events",
    "Collection": ".collection.collection",
    "Column": ".rows.schema",
    "Common": ".rows.row",
    "Completed": ".events",
    "Content": ".operators.elements",
    "Convert": ".rows.row",
    "DuckDB": ".rows.row",
    "Event": ".events",
    "FileSource": ".sources.files",
    "Json": ".rows.row",
    "Operator": ".operators.operator",
    "Plugin": ".plugin",
    "RecordError": ".errors",
    "Rejected": ".events",
    "Row": ".rows.row",
    "RowsQuarantined": ".events",
    "Source": ".sources.source",
    "Started": ".events",
    "Status": ".events",
    "Struct": ".rows.row",
    "TICK": ".events",
    "Table": ".table",
    "Tick": ".events",
    "Window": ".events",
    "collect": ".plugin",
    "extractor": ".operators.extractor",
    "field": ".rows.row",
    "main": ".cli.script",
    "operator": ".operators.operator",
    "schema": ".rows.schema",
}

__all__ = [
    "TICK",
    "AlreadyRunning",
    "Artifact",
    "ArtifactDiscovered",
    "ArtifactDownloaded",
    "ArtifactExtracted",
    "ArtifactFailed",
    "ArtifactSkipped",
    "Batch",
    "ChunkWritten",
    "CollectRequest",
    "Collection",
    "Column",
    "Common",
    "Completed",
    "Content",
    "Convert",
    "DuckDB",
    "Event",
    "FileSource",
    "Json",
    "Operator",
    "Plugin",
    "RecordError",
    "Rejected",
    "Row",
    "RowsQuarantined",
    "Source",
    "Started",
    "Status",
    "Struct",
    "Table",
    "Tick",
    "Window",
    "collect",
    "extractor",
    "field",
    "main",
    "operator",
    "ops",
    "schema",
]


def __getattr__(name: str) -> object:
    """Names are imported when they are first used: the command line needs few of them, and starts at once."""
    from importlib import import_module

    if name == "ops":
        return import_module(".ops", __name__)
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_PLACES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
