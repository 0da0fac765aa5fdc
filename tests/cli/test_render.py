"""What ``--json`` writes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from tailpipe_rx.cli.render import as_dict, as_json
from tailpipe_rx.events import (
    Artifact,
    ArtifactDiscovered,
    ArtifactExtracted,
    ArtifactFailed,
    ChunkWritten,
    Completed,
    Event,
    Rejected,
    RowsQuarantined,
    Started,
    Status,
)

ARTIFACT = Artifact(
    "/logs/a.json.gz",
    version="1-2-3",
    timestamp=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    size=12,
    metadata={"account_id": "111122223333"},
    content=Path("/logs/a.json.gz"),
)


def test_every_event_names_itself_first_and_has_its_fields() -> None:
    assert as_json(Started("x")) == '{"event": "Started", "execution_id": "x"}'
    assert as_json(ChunkWritten(0, 12)) == '{"event": "ChunkWritten", "number": 0, "rows": 12}'
    assert as_json(Completed("x", 12, 1)) == (
        '{"event": "Completed", "execution_id": "x", "rows": 12, "chunks": 1, "error": null}'
    )


def test_every_kind_of_event_can_be_written() -> None:
    samples: dict[type[Event], Event] = {
        kind: kind(**{name: _sample(name) for name in kind.__annotations__ if kind is not Status})
        for kind in Event.__subclasses__()
    }
    assert len(samples) == 10
    for kind, event in samples.items():
        assert json.loads(as_json(event))["event"] == kind.__name__


def _sample(name: str) -> object:
    return {"artifact": ARTIFACT, "first": Rejected(b"x", "why"), "execution_id": "x", "error": "e", "reason": "r"}.get(
        name, 3
    )


def test_an_artifact_shows_all_but_its_content() -> None:
    assert as_dict(ArtifactDiscovered(ARTIFACT))["artifact"] == {
        "name": "/logs/a.json.gz",
        "version": "1-2-3",
        "timestamp": "2026-01-02T03:04:05Z",
        "size": 12,
        "metadata": {"account_id": "111122223333"},
    }


def test_what_was_filtered_is_written_although_it_is_no_field() -> None:
    assert as_dict(ArtifactExtracted(ARTIFACT, received=9, enriched=7, quarantined=1))["filtered"] == 1
    assert as_dict(Status(received=9, enriched=7, quarantined=1))["filtered"] == 1
    assert "filtered" not in as_dict(ChunkWritten(0, 1))


def test_the_bytes_of_a_rejected_record_are_text_and_cut() -> None:
    first = as_dict(RowsQuarantined(ARTIFACT, 1, Rejected(b"\xff\x1b[2J" + b"x" * 5000, "no time", 4, "lines()", 99)))[
        "first"
    ]
    assert first["raw"].startswith("�\x1b[2Jxx")
    assert len(first["raw"]) == 1000
    assert (first["reason"], first["number"], first["stage"], first["offset"]) == ("no time", 4, "lines()", 99)


def test_a_line_is_ascii_without_control_characters_whatever_is_in_it() -> None:
    name = "/logs/\x1b[31m\n\u202e\udcff日本.log"
    line = as_json(ArtifactFailed(Artifact(name), "é\u2028", 0))
    assert line.isascii()
    assert line.isprintable()
    read = json.loads(line)
    assert read["error"] == "é\u2028"
    assert read["artifact"]["name"] == "/logs/\x1b[31m\n\u202e\\udcff日本.log"  # no lone surrogates in the JSON


def test_times_are_utc() -> None:
    at = datetime(2026, 1, 2, 5, 0, tzinfo=timezone(timedelta(hours=2)))
    assert as_dict(ArtifactDiscovered(Artifact("a", timestamp=at)))["artifact"]["timestamp"] == "2026-01-02T03:00:00Z"
