"""The summary of a run."""

import io
import json
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from tailpipe_rx.cli.outcome import Outcome
from tailpipe_rx.cli.summary import Report, plain, query, show
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
)

A = Artifact("/logs/a.json.gz")
GOOD = (ArtifactDiscovered(A), ArtifactExtracted(A, 2900, 2900, 0), ChunkWritten(0, 2900), Completed("x", 2900, 1))
MIXED = (
    ArtifactDiscovered(A),
    RowsQuarantined(A, 2, Rejected(b"{}", "no eventTime", 17)),
    ArtifactExtracted(A, 2902, 2900, 2),
    *[
        event
        for i in range(7)
        for event in (
            ArtifactDiscovered(A),
            ArtifactFailed(Artifact(f"/logs/{i}.gz"), "the gzip data end too early", 10 * (i == 0)),
        )
    ],
    ChunkWritten(0, 2910),
    Completed("x", 2910, 1),
)


def report(*events: Event, into: str = "out", interrupted: int | None = None, aborted: bool = False) -> Report:
    outcome = Outcome()
    for event in events:
        outcome.see(event)
    outcome.interrupted, outcome.aborted = interrupted, aborted
    return Report(outcome, "aws_cloudtrail_log.default", into, ("logs",), 0.4)


def shown(it: Report, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False)
    show(it, console)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def test_a_good_run_on_a_terminal_says_where_the_rows_are_and_what_to_type_next() -> None:
    assert shown(report(*GOOD)) == (
        "aws_cloudtrail_log.default  0.4 s\n"
        "rows       2,900 in out (1 chunk)\n"
        "artifacts  1 extracted\n"
        "\n"
        "Look at them:\n"
        """duckdb -c "SELECT * FROM read_ndjson('out/*.jsonl') LIMIT 5\""""
    )


def test_a_run_with_losses_names_the_first_of_them_and_where_they_are_kept() -> None:
    assert shown(report(*MIXED)) == (
        "aws_cloudtrail_log.default  0.4 s\n"
        "rows       2,910 in out (1 chunk)\n"
        "artifacts  1 extracted, 7 failed\n"
        "rejected   2, kept in out/quarantine\n"
        "           /logs/a.json.gz record 17: no eventTime\n"
        "failed     /logs/0.gz\n"
        "           the gzip data end too early (10 rows before that kept)\n"
        "           /logs/1.gz\n"
        "           the gzip data end too early\n"
        "           /logs/2.gz\n"
        "           the gzip data end too early\n"
        "           /logs/3.gz\n"
        "           the gzip data end too early\n"
        "           /logs/4.gz\n"
        "           the gzip data end too early\n"
        "           and 2 more (--json names each)\n"
        "\n"
        "Look at them:\n"
        """duckdb -c "SELECT * FROM read_ndjson('out/*.jsonl') LIMIT 5\""""
    )


def test_at_40_columns_text_is_wrapped_but_what_is_to_be_copied_is_in_one_piece() -> None:
    lines = shown(report(*MIXED), 40).splitlines()
    command = lines.pop()
    assert command == query("out")
    assert all(len(line) <= 40 for line in lines)


def test_in_a_pipe_a_run_is_one_line() -> None:
    assert plain(report(*GOOD)) == ["aws_cloudtrail_log.default: 2,900 rows in out (1 chunk); 1 artifact extracted"]
    assert plain(report(*MIXED)) == [
        "aws_cloudtrail_log.default: 2,910 rows in out (1 chunk); 1 artifact extracted, 7 failed; "
        "2 records rejected, kept in out/quarantine"
    ]


def test_a_place_that_holds_no_file_is_said_to() -> None:
    assert plain(report(Completed("x", 0, 0))) == ["aws_cloudtrail_log.default: nothing found in logs"]


def test_files_without_a_record_are_no_failure() -> None:
    events = (ArtifactDiscovered(A), ArtifactExtracted(A, 0, 0, 0), Completed("x", 0, 0))
    assert plain(report(*events)) == ["aws_cloudtrail_log.default: no rows; 1 artifact extracted"]
    assert "duckdb" not in shown(report(*events))


def test_a_run_that_broke_ends_in_its_error() -> None:
    broken = report(ArtifactDiscovered(A), Completed("x", 0, 0, "[Errno 28] No space left on device"))
    assert plain(broken)[-1] == "error: [Errno 28] No space left on device"
    assert shown(broken).splitlines()[-1] == "error: [Errno 28] No space left on device"


def test_a_run_in_which_nothing_could_be_opened_says_so() -> None:
    denied = ArtifactFailed(A, "[Errno 13] Permission denied: '/logs/a.json.gz'", 0, opened=False)
    one = report(ArtifactDiscovered(A), denied, Completed("x", 0, 0))
    assert plain(one)[-1] == "error: the artifact could not be opened: see the reason above, then collect again"
    two = report(*[ArtifactDiscovered(A), denied] * 2, Completed("x", 0, 0))
    assert plain(two)[-1] == "error: none of the 2 artifacts could be opened: see the reasons above, then collect again"


def test_a_run_that_was_stopped_says_so() -> None:
    it = report(*GOOD, interrupted=130)
    assert plain(it)[0].endswith("1 artifact extracted; stopped")
    assert shown(it).splitlines()[0] == "aws_cloudtrail_log.default  0.4 s  stopped"


def test_what_an_aborted_run_left_undone_is_counted() -> None:
    it = report(*GOOD[:-1], ArtifactDiscovered(A), Completed("x", 2900, 1, "Aborted"), interrupted=130, aborted=True)
    first, last = plain(it)
    assert first.endswith("1 artifact extracted, 1 not finished; stopped")
    assert last == shown(it).splitlines()[-1] == "aborted: the rows of the open chunk are not kept"


def test_text_from_outside_cannot_speak_to_the_terminal() -> None:
    bad = Artifact("/logs/\x1b[2J\n[bold]x")
    events = (
        ArtifactDiscovered(bad),
        RowsQuarantined(bad, 1, Rejected(b"", "\x1b]0;title\x07 [red]no[/red] :smile:", 0)),
        ArtifactFailed(bad, "\x9b31m", 0),
        Completed("x", 0, 0, "\u202eerror"),
    )
    for text in (shown(report(*events)), "\n".join(plain(report(*events)))):
        assert all(line.isprintable() for line in text.splitlines())
    assert "[red]no[/red]" in shown(report(*events))
    assert ":smile:" in shown(report(*events))


@pytest.mark.parametrize("name", ["out", "it's", "a b", 'say "hi"', "$HOME", "a*[b]?", "back\\slash", "tilde~`x`!"])
def test_the_command_shown_reads_the_chunks_of_that_directory_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    duckdb = pytest.importorskip("duckdb", reason="the SQL is tried with DuckDB")
    for other in ("aXbY", "other", name):
        (tmp_path / other).mkdir(exist_ok=True)
        (tmp_path / other / "x-0.jsonl").write_text(json.dumps({"name": other}) + "\n")
    shell = """duckdb() { printf '%s\n' "$PWD" "$2"; }\n""" + query(str(tmp_path / name))
    folder, sql = subprocess.check_output(["sh", "-c", shell], text=True).splitlines()
    monkeypatch.chdir(folder)
    assert duckdb.sql(sql).fetchall() == [(name,)]
