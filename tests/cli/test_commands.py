"""The cheap commands: help, version, and what the tables hold."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from tailpipe_rx import cli

from .conftest import Run, command, environment


def test_help_needs_no_heavy_library_and_little_time(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from tailpipe_rx.cli.app import run\n"
        "run(['--help']), run(['collect', '--help']), run(['tables', '--help'])\n"
        "heavy = {'rich', 'reactivex', 'msgspec', 'isal', 're2', 'grpc', 'google', 'boto3', 'asyncio'}\n"
        "print(time.process_time(), sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    seconds, _, heavy = ran.stderr.strip().partition(" ")
    assert heavy == "[]"
    assert float(seconds) < 0.3


def test_help_shows_every_command(run: Run) -> None:
    ran = run("--help")
    assert ran.returncode == 0
    assert "collect" in ran.stdout
    assert "tables" in ran.stdout
    assert ran.stderr == ""


def test_without_arguments_the_help_is_shown(run: Run) -> None:
    assert run().stdout == run("--help").stdout


def test_the_version_is_that_of_the_package(run: Run) -> None:
    try:
        number = version("tailpipe-rx")
    except PackageNotFoundError:
        number = "(not installed)"
    assert run("--version").stdout == f"tailpipe-rx {number}\n"


def test_tables_are_listed_with_what_they_hold(run: Run, hello: Path) -> None:
    ran = run("tables", "--plugin", "hello.py")
    assert ran.returncode == 0
    assert ran.stdout.splitlines() == [
        "aws_cloudtrail_log\tAPI activity and user actions in an AWS account.",
        "hello_greeting\tSomebody said hello.",
    ]


def test_tables_as_json(run: Run) -> None:
    listed = json.loads(run("tables", "--json").stdout)
    assert {"name": "aws_cloudtrail_log", "description": "API activity and user actions in an AWS account."} in listed


def test_the_columns_of_a_table_are_listed_with_types(run: Run, hello: Path) -> None:
    lines = run("tables", "hello_greeting", "--plugin", "hello.py").stdout.splitlines()
    assert lines[:4] == [
        "hello_greeting\tSomebody said hello.",
        "",
        "at\tTIMESTAMP NOT NULL\tWhen.",
        "name\tVARCHAR NOT NULL\tWho.",
    ]
    assert any(line.startswith("tp_id\tVARCHAR NOT NULL\t") for line in lines)


def test_the_columns_of_a_table_as_json(run: Run) -> None:
    table = json.loads(run("tables", "aws_cloudtrail_log", "--json").stdout)
    assert table["name"] == "aws_cloudtrail_log"
    columns = {column["name"]: column for column in table["columns"]}
    assert columns["event_time"] == {
        "name": "event_time",
        "type": "TIMESTAMP",
        "description": columns["event_time"]["description"],
        "required": columns["event_time"]["required"],
    }
    assert columns["user_identity"]["type"].startswith("STRUCT(")
    assert columns["tp_timestamp"]["required"] is True
    assert list(columns)[-1].startswith("tp_")


def test_the_columns_of_an_unknown_table_are_refused(run: Run) -> None:
    ran = run("tables", "aws_cloudtrail_logs")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "did you mean 'aws_cloudtrail_log'?" in ran.stderr


def test_a_list_that_nobody_reads_to_its_end_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("tables", "aws_cloudtrail_log", "--json"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (said, process.returncode) == ("", 141)


def test_on_windows_there_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == ("error: tailpipe-rx runs on Linux and macOS; on Windows, run it inside WSL\n")
