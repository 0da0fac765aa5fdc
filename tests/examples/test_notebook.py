"""`examples/notebook.py`: rows without a collection."""

import asyncio
from pathlib import Path

import pytest
from notebook import cell, failures, first, plugin
from written import LOGS

LOCATION = str(LOGS / "AWSLogs")


def test_the_first_rows_of_a_directory() -> None:
    assert [row.event_name for row in first(LOCATION, 2)] == ["ConsoleLogin", "GetCallerIdentity"]


def test_what_fails_most() -> None:
    assert failures(LOCATION)[0] == (("ConsoleLogin", "Failed authentication"), 7)


def test_it_runs_inside_an_event_loop_as_in_a_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(cell(LOCATION))
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "2026-01-02 02:58:11+00:00 ConsoleLogin ada"
    assert printed[3] == "  7 ConsoleLogin: Failed authentication"


def test_records_that_are_no_rows_are_shown_and_the_others_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = '{"eventTime":"2026-01-02T03:04:05Z","eventName":"x","errorMessage":"no"}'
    (tmp_path / "a.json").write_text(f'{good}\n{{"eventName":"x"}}\n{good}\n')
    assert failures(str(tmp_path)) == [(("x", "no"), 2)]
    assert capsys.readouterr().err.startswith("record 1: ")


def test_one_plugin_has_tables_of_several_kinds() -> None:
    assert [row.name for row in plugin.rows(LOGS / "hello.log", "hello_greeting")][:2] == ["Ada", "Grace"]
