"""Events as JSON lines: what ``--json`` writes.

One object a line, ASCII only, ``event`` first, then the event's own fields by their names::

    {"event": "Started", "execution_id": "20260102T030405ab12cd"}
    {"event": "ArtifactDiscovered", "artifact": ARTIFACT}
    {"event": "ArtifactDownloaded", "artifact": ARTIFACT, "size": 1203}
    {"event": "ArtifactSkipped", "artifact": ARTIFACT, "reason": "…"}
    {"event": "ArtifactExtracted", "artifact": ARTIFACT, "received": 9, "enriched": 7, "quarantined": 1, "filtered": 1}
    {"event": "ArtifactFailed", "artifact": ARTIFACT, "error": "…", "rows": 0, "opened": true}
    {"event": "RowsQuarantined", "artifact": ARTIFACT, "count": 1, "first": REJECTED}
    {"event": "ChunkWritten", "number": 0, "rows": 10000}
    {"event": "Status", "discovered": 9, …, "filtered": 1, "artifact": "…"}
    {"event": "Completed", "execution_id": "…", "rows": 7, "chunks": 1, "error": null}

    ARTIFACT   {"name": "…", "version": "…", "timestamp": "2026-01-02T03:04:05Z" or null, "size": 1203, "metadata": {…}}
    REJECTED   {"raw": "…", "reason": "…", "number": 12, "stage": "…", "offset": 4096 or null}

``raw`` is text: the first 1,000 bytes of the record, with U+FFFD for what is no UTF-8. The bytes themselves are in the
quarantine. Bytes of a file name that are no UTF-8 are shown as escapes (``\\udcff``). The content of an artifact is
never written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs

from ..events import Artifact, Event

RAW_SHOWN: Final = 1000
"""The most bytes of a rejected record in an event."""


def as_json(event: Event) -> str:
    """*event* as one line of JSON, without the line break.

    >>> from tailpipe_rx.events import ChunkWritten
    >>> as_json(ChunkWritten(0, 12))
    '{"event": "ChunkWritten", "number": 0, "rows": 12}'
    """
    return json.dumps(as_dict(event), allow_nan=False)


def as_dict(event: Event) -> dict[str, Any]:
    """*event* as plain values."""
    out: dict[str, Any] = {"event": type(event).__name__, **_fields(event)}
    if (filtered := getattr(event, "filtered", None)) is not None:  # a property of those that count records
        out["filtered"] = filtered
    return out


def _fields(value: Any) -> dict[str, Any]:
    return {
        field.name: _plain(getattr(value, field.name))
        for field in attrs.fields(type(value))
        if not (isinstance(value, Artifact) and field.name == "content")
    }


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case bytes():
            return value[:RAW_SHOWN].decode(errors="replace")
        case str():
            return _text(value)
        case Path():
            return _text(str(value))
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.tzinfo else value.isoformat()
        case Mapping():
            return {_text(str(k)): _plain(v) for k, v in value.items()}
        case list() | tuple():
            return [_plain(v) for v in value]
        case _ if attrs.has(type(value)):
            return _fields(value)
        case _:
            return _text(str(value))


def _text(value: str) -> str:
    """Lone surrogates, as in file names that are no UTF-8, are no valid JSON text."""
    return value.encode("utf-8", "backslashreplace").decode()
