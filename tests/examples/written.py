"""Running a table and looking at what it wrote."""

import json
from pathlib import Path
from typing import Any

from tailpipe_rx import Event, Source, Table, collect

LOGS = Path(__file__).resolve().parent.parent.parent / "examples" / "logs"


def run(table: Table[Any], source: Source, into: Path, **how: Any) -> list[Event]:
    """Collect, and give the events."""
    events: list[Event] = []
    collect(table, source, into=into, **how).subscribe(events.append)
    return events


def lines(into: Path, pattern: str = "*.jsonl") -> list[dict[str, Any]]:
    """The rows of all chunks in *into*, or what else matches *pattern*."""
    return [json.loads(line) for path in sorted(into.glob(pattern)) for line in path.read_bytes().splitlines()]


def rejected(into: Path) -> list[dict[str, Any]]:
    """The records in the quarantine of *into*."""
    return lines(into, "quarantine/*.jsonl")
