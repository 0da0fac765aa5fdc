"""Collecting from the command line: what is written where."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, Run, cloudtrail, command, environment, greetings

SAMPLES = ROOT.parent / "shared" / "data" / "cloudtrail" / "invictus"


def rows(into: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for chunk in sorted(into.glob("*.jsonl")) for line in chunk.read_text().splitlines()]


def test_logs_become_rows_in_the_default_directory(run: Run, tmp_path: Path) -> None:
    cloudtrail(tmp_path / "logs" / "a.json.gz", 3)
    cloudtrail(tmp_path / "logs" / "b.json.gz", 2)
    ran = run("collect", "aws_cloudtrail_log.prod", "logs")
    assert ran.returncode == 0
    assert ran.stdout == ""
    assert ran.stderr == ("aws_cloudtrail_log.prod: 5 rows in tailpipe-out (1 chunk); 2 artifacts extracted\n")
    found = rows(tmp_path / "tailpipe-out")
    assert len({row["tp_id"] for row in found}) == 5
    assert {row["tp_partition"] for row in found} == {"prod"}


def test_a_table_of_a_plugin_file_is_collected(run: Run, tmp_path: Path, hello: Path) -> None:
    greetings(tmp_path / "a.log", "Ada", "Bob")
    ran = run("collect", "hello_greeting", "--plugin", "hello.py", "a.log")
    assert ran.returncode == 0
    assert [row["name"] for row in rows(tmp_path / "tailpipe-out")] == ["Ada", "Bob"]


def test_a_table_of_a_plugin_file_is_collected_in_workers(run: Run, tmp_path: Path, hello: Path) -> None:
    greetings(tmp_path / "a.log", "Ada", "Bob")
    ran = run("collect", "hello_greeting", "--plugin", "hello.py", "a.log", "--workers", "2")
    assert (ran.returncode, ran.stderr) == (
        0,
        "hello_greeting.default: 2 rows in tailpipe-out (1 chunk); 1 artifact extracted\n",
    )
    assert [row["name"] for row in rows(tmp_path / "tailpipe-out")] == ["Ada", "Bob"]


def test_a_table_of_a_plugin_wins_over_one_in_the_box_and_that_is_said(run: Run, tmp_path: Path, hello: Path) -> None:
    hello.write_text(hello.read_text().replace('"hello_greeting"', '"aws_cloudtrail_log"'))
    greetings(tmp_path / "a.log", "Ada")
    ran = run("collect", "aws_cloudtrail_log", "a.log", "--plugin", "hello.py")
    assert ran.returncode == 0
    assert ran.stderr.splitlines()[0] == (
        "aws_cloudtrail_log: the table of plugin hello is taken, not the one in the box"
    )
    assert rows(tmp_path / "tailpipe-out")[0]["name"] == "Ada"


def test_every_event_is_a_line_of_json_on_stdout(run: Run, tmp_path: Path, hello: Path) -> None:
    greetings(tmp_path / "logs" / "a.log", "Ada")
    (tmp_path / "logs" / "b.log").write_text("\x1b what?\n")
    ran = run("collect", "hello_greeting", "logs", "--plugin", "hello.py", "--json", "--quiet")
    assert ran.returncode == 3
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    names = [event["event"] for event in events]
    assert (names[0], names[-1]) == ("Started", "Completed")
    assert names.count("ArtifactDiscovered") == names.count("ArtifactExtracted") == 2
    assert names.count("RowsQuarantined") == names.count("ChunkWritten") == 1
    (bad,) = (event for event in events if event["event"] == "RowsQuarantined")
    assert bad["first"]["raw"] == "\x1b what?"


def test_what_a_plugin_prints_does_not_get_between_the_events(run: Run, tmp_path: Path, hello: Path) -> None:
    hello.write_text(
        "print('imported')\n"
        + hello.read_text()
        .replace("    def common(", "    def common_(")
        .replace("def meet(line: str) -> None:", "def meet(line: str) -> None:\n    print('met')\n")
        .replace("    def common_(", "    def common(")
    )
    greetings(tmp_path / "a.log", "Ada")
    ran = run("collect", "hello_greeting", "a.log", "--plugin", "hello.py", "--json")
    assert ran.returncode == 0
    assert all(json.loads(line)["event"] for line in ran.stdout.splitlines())
    assert "imported\n" in ran.stderr
    assert "met\n" in ran.stderr


def test_quiet_says_nothing_when_all_went_well_and_what_is_needed_when_not(
    run: Run, tmp_path: Path, hello: Path
) -> None:
    greetings(tmp_path / "a.log", "Ada")
    good = run("collect", "hello_greeting", "a.log", "--plugin", "hello.py", "--quiet", "--into", "good")
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    (tmp_path / "b.log").write_text("what?\n")
    bad = run("collect", "hello_greeting", "b.log", "--plugin", "hello.py", "--quiet", "--into", "bad")
    assert (bad.returncode, bad.stdout) == (3, "")
    assert [line.split(":")[0] for line in bad.stderr.splitlines()] == ["rejected", "hello_greeting.default"]


def test_collecting_the_current_directory_does_not_collect_what_is_written_there(
    run: Run, tmp_path: Path, hello: Path
) -> None:
    greetings(tmp_path / "out" / "old.log", "Old")
    (tmp_path / "logs").mkdir()
    greetings(tmp_path / "logs" / "a.log", "Ada")
    ran = run("collect", "hello_greeting", "logs", "out", "--plugin", "hello.py", "--into", "out")
    assert ran.returncode == 0
    assert [row["name"] for row in rows(tmp_path / "out")] == ["Ada"]


def test_chunks_have_as_many_rows_as_was_said(run: Run, tmp_path: Path, hello: Path) -> None:
    greetings(tmp_path / "a.log", *(f"n{i}" for i in range(25)))
    ran = run("collect", "hello_greeting", "a.log", "--plugin", "hello.py", "--chunk-rows", "10")
    assert ran.stderr.startswith("hello_greeting.default: 25 rows in tailpipe-out (3 chunks)")
    sizes = [len(chunk.read_text().splitlines()) for chunk in sorted((tmp_path / "tailpipe-out").glob("*.jsonl"))]
    assert sizes == [10, 10, 5]


def test_file_names_that_are_no_text_are_collected_and_shown(run: Run, tmp_path: Path, hello: Path) -> None:
    import os

    try:
        (tmp_path / os.fsdecode(b"\xff\xfe.log")).write_text("what?\n")
    except OSError:
        pytest.skip("this file system takes only names that are UTF-8")
    ran = run("collect", "hello_greeting", ".", "--plugin", "hello.py", "--json")
    assert ran.returncode == 3
    assert all(json.loads(line)["event"] for line in ran.stdout.splitlines())
    assert "\\udcff\\udcfe.log record 0" in ran.stderr


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples of ../shared/data are not here")
def test_the_command_that_is_shown_reads_what_was_collected(run: Run, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="the SQL is tried with DuckDB")
    from tailpipe_rx.cli.summary import sql

    ran = run("collect", "aws_cloudtrail_log", SAMPLES)
    assert ran.returncode == 0
    assert "2,900 rows in tailpipe-out (1 chunk)" in ran.stderr
    assert len(duckdb.sql(sql(str(tmp_path / "tailpipe-out"))).fetchall()) == 5


def test_a_full_stdout_is_said_in_one_line(tmp_path: Path, hello: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    greetings(tmp_path / "a.log", "Ada")
    with full.open("w") as stdout:
        ran = subprocess.run(
            command("collect", "hello_greeting", "a.log", "--plugin", "hello.py", "--json"),
            cwd=tmp_path,
            env=environment(),
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert "No space left on device" in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr
