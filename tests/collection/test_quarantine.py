"""Records that did not become rows."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from collecting import NOW, Memory, artifacts, collection, only, rejects, rows, run

from tailpipe_rx.collection.quarantine import quarantine_lines, shortened
from tailpipe_rx.events import Artifact, ArtifactExtracted, Rejected, RowsQuarantined


def line(bad: Rejected, artifact: str = "a", member: str = "") -> dict[str, object]:
    (text,) = quarantine_lines("t", "p", Artifact(artifact), member, [bad], NOW).splitlines()
    found: dict[str, object] = json.loads(text)
    return found


def test_a_rejected_record_says_where_it_was_and_why_it_is_here() -> None:
    assert line(Rejected(b"{}", "no time", 7, "json_lines(Line)", 120), member="x/y.log") == {
        "table": "t",
        "partition": "p",
        "artifact": "a",
        "member": "x/y.log",
        "record": 7,
        "offset": 120,
        "stage": "json_lines(Line)",
        "reason": "no time",
        "time": "2026-01-02T03:04:05.000Z",
        "raw": "{}",
    }


def test_bytes_that_are_no_text_are_kept_exactly() -> None:
    found = line(Rejected(b"\xff\x00", "binary", 0))
    assert "raw" not in found and "offset" not in found and "member" not in found
    assert base64.b64decode(str(found["raw_base64"])) == b"\xff\x00"


def test_names_and_reasons_need_not_be_text() -> None:
    found = line(Rejected(b"", "bad \udcff", 0), artifact="/logs/\udcff\u00e4.log")
    assert (found["artifact"], found["reason"]) == ("/logs/\\xff\u00e4.log", "bad \\xff")


def test_an_event_carries_only_the_begin_of_a_long_record() -> None:
    assert len(shortened(Rejected(b"x" * 5000, "long")).raw) == 1000
    short = Rejected(b"x", "short")
    assert shortened(short) is short


def test_a_collection_keeps_what_it_rejects(tmp_path: Path) -> None:
    into = tmp_path / "out"
    events = run(collection(Memory(artifacts(10, bad=[4])), into))
    assert [row["number"] for row in rows(into)] == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    ((bad,),) = rejects(into).values()
    assert (bad["artifact"], bad["record"], bad["raw"]) == ("a0", 4, '{"word":"no time"}')
    (told,) = only(RowsQuarantined, events)
    assert (told.count, told.first.number) == (1, 4) and "time" in told.first.reason
    (end,) = only(ArtifactExtracted, events)
    assert (end.received, end.enriched, end.quarantined, end.filtered) == (10, 9, 1, 0)


def test_rejected_records_alone_make_a_quarantine_and_no_chunk(tmp_path: Path) -> None:
    into = tmp_path / "out"
    run(collection(Memory(artifacts(2, bad=[0, 1])), into))
    assert rows(into) == [] and list(rejects(into)) == [0]
    (file,) = (into / "quarantine").iterdir()
    assert ((into / "quarantine").stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_without_a_rejected_record_there_is_no_quarantine(tmp_path: Path) -> None:
    run(collection(Memory(artifacts(2)), tmp_path / "out"))
    assert not (tmp_path / "out" / "quarantine").exists()
