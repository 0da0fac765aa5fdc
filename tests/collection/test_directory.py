"""The place a run writes to."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path

import pytest
from collecting import CHAIN, Memory, artifacts, collection, nothing_left_behind, only, rows, run

from tailpipe_rx.collection.collection import Collection
from tailpipe_rx.errors import CollectionFailed, DirectoryInUse, UsageError
from tailpipe_rx.events import CollectRequest, Completed

SOURCE = Memory(artifacts(3))


def another(into: Path, table: str = "line", partition: str = "default") -> Collection:
    return Collection(SOURCE, CHAIN, CollectRequest(table=table, into=into, partition=partition))


def refused(made: Collection) -> str:
    """The text with which it is refused, before anything was emitted."""
    events: list[object] = []
    errors: list[object] = []
    with pytest.raises(DirectoryInUse) as raised:
        made.subscribe(events.append, errors.append)
    assert events == [] and errors == []
    assert isinstance(raised.value, UsageError)
    return str(raised.value)


def test_a_directory_is_made_with_all_above_it(tmp_path: Path) -> None:
    run(collection(SOURCE, tmp_path / "a" / "b"))
    assert len(rows(tmp_path / "a" / "b")) == 3


def test_a_directory_that_holds_chunks_is_refused_with_the_remedy(tmp_path: Path) -> None:
    run(collection(SOURCE, tmp_path))
    text = refused(collection(SOURCE, tmp_path))
    assert "holds chunks already" in text and "take another --into, or remove it" in text
    assert len(rows(tmp_path)) == 3


def test_another_table_or_partition_is_refused_by_name(tmp_path: Path) -> None:
    run(another(tmp_path, "flows", "prod"))
    assert "holds flows.prod" in refused(another(tmp_path, "flows", "test"))
    assert "take another --into for line.default" in refused(another(tmp_path))


def test_a_run_that_left_nothing_does_not_keep_others_out(tmp_path: Path) -> None:
    run(Collection(Memory(), CHAIN, CollectRequest(table="flows", into=tmp_path)))
    run(another(tmp_path))
    assert len(rows(tmp_path)) == 3


def test_a_run_that_left_nothing_may_be_repeated(tmp_path: Path) -> None:
    run(collection(Memory(), tmp_path))
    run(collection(SOURCE, tmp_path))
    assert len(rows(tmp_path)) == 3


def test_a_directory_of_somebody_elses_jsonl_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text("{}\n")
    assert "notes.jsonl" in refused(collection(SOURCE, tmp_path))
    assert os.listdir(tmp_path) == ["notes.jsonl"]


def test_other_files_do_no_harm_and_come_to_none(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    run(collection(SOURCE, tmp_path))
    assert (tmp_path / "notes.txt").read_text() == "x"


@pytest.mark.parametrize("marker", ["nonsense", "[]", '{"format": 99, "table": "line", "partition": "default"}'])
def test_a_marker_of_another_version_is_refused(marker: str, tmp_path: Path) -> None:
    run(collection(SOURCE, tmp_path))
    (tmp_path / ".tailpipe-rx.json").write_text(marker)
    assert "of another version or program" in refused(collection(SOURCE, tmp_path))


def test_the_marker_says_what_the_directory_holds(tmp_path: Path) -> None:
    run(collection(SOURCE, tmp_path))
    found = json.loads((tmp_path / ".tailpipe-rx.json").read_text())
    assert found == {"format": 1, "table": "line", "partition": "default"}


def test_a_second_run_is_refused_by_the_name_of_the_first(tmp_path: Path) -> None:
    second: list[str] = []

    def on_event(event: object) -> None:
        if not second:
            second.append(refused(collection(SOURCE, tmp_path)))

    collection(SOURCE, tmp_path).subscribe(on_event)
    assert f"(process {os.getpid()} on {socket.gethostname()}, since 20" in second[0]
    assert len(rows(tmp_path)) == 3


def test_what_a_killed_run_left_behind_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work" / "000001-0.part").write_bytes(b"half a li")
    (tmp_path / ".tailpipe-rx.json").write_bytes(b"")
    run(collection(SOURCE, tmp_path))
    assert len(rows(tmp_path)) == 3 and nothing_left_behind(tmp_path)


@pytest.mark.parametrize("link", [False, True])
def test_a_work_directory_of_somebody_elses_is_refused_and_left_alone(link: bool, tmp_path: Path) -> None:
    into, theirs = tmp_path / "into", tmp_path / ("theirs" if link else "into/.work")
    into.mkdir()
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("x")
    if link:
        (into / ".work").symlink_to(theirs)
    assert "holds a .work that no collection has made" in refused(collection(SOURCE, into))
    assert os.listdir(into) == [".work"] and (theirs / "thesis.txt").read_text() == "x"


def test_while_it_runs_no_name_under_work_looks_like_a_chunk(tmp_path: Path) -> None:
    seen: set[str] = set()
    made = collection(Memory(artifacts(20, 20, bad=[3])), tmp_path, chunk_rows=7, workers=1)
    made.subscribe(lambda _: seen.update(os.listdir(tmp_path / ".work") if (tmp_path / ".work").exists() else ()))
    assert seen and not [name for name in seen if name.endswith(".jsonl")]


def test_a_file_in_its_place_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(CollectionFailed, match=r"cannot write .*/out: Not a directory"):
        run(collection(SOURCE, tmp_path / "out"))
    assert not isinstance(CollectionFailed("x"), UsageError)


def test_a_directory_that_cannot_be_made_is_one_clear_error() -> None:
    with pytest.raises(CollectionFailed, match="cannot write /proc/out"):
        run(collection(SOURCE, Path("/proc/out")))


def test_a_refused_run_holds_no_lock(tmp_path: Path) -> None:
    run(collection(SOURCE, tmp_path))
    refused(collection(SOURCE, tmp_path))
    with open(tmp_path / ".tailpipe-rx.json", "rb") as marker:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert nothing_left_behind(tmp_path)


def test_the_place_is_that_at_the_start_wherever_one_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    events: list[object] = []

    def on_event(event: object) -> None:
        events.append(event)
        os.chdir(tmp_path / "elsewhere")

    made = collection(SOURCE, Path("out"), workers=1)
    made.subscribe(on_event)
    assert only(Completed, events)[0].error is None  # type: ignore[arg-type]
    assert len(rows(tmp_path / "out")) == 3
