"""`examples/hello.py`: the smallest plugin."""

import subprocess
import sys
from pathlib import Path

import pytest
from hello import Greeting, greetings
from written import LOGS, lines, rejected, run

from tailpipe_rx import FileSource

HELLO = LOGS.parent / "hello.py"
NAMES = ["Ada", "Grace", "Katherine", "Radia", "Barbara"]


def test_it_has_at_most_25_lines() -> None:
    assert len(HELLO.read_text().splitlines()) <= 25


def test_greetings_become_rows_in_utc_and_anything_else_is_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "hi.log").write_text("2026-01-02T03:04:05Z Ada\nwhat?\n2026-01-02T05:04:06+02:00 Grace Hopper\n")
    run(greetings, FileSource(tmp_path / "hi.log"), tmp_path / "out")
    assert [(row["tp_timestamp"], row["name"], row["tp_usernames"]) for row in lines(tmp_path / "out")] == [
        ("2026-01-02T03:04:05Z", "Ada", ["Ada"]),
        ("2026-01-02T03:04:06Z", "Grace Hopper", ["Grace Hopper"]),
    ]
    assert [(bad["record"], bad["raw"]) for bad in rejected(tmp_path / "out")] == [(1, "what?")]


def test_its_rows_are_objects() -> None:
    rows = list(greetings.rows(LOGS / "hello.log"))
    assert [row.name for row in rows] == NAMES
    assert rows[0] == Greeting.parse({"at": "2026-01-02T03:04:05Z", "name": "Ada"})


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize("program", ["as a plugin", "by itself"])
def test_it_collects_the_sample_log(program: str, workers: str, tmp_path: Path) -> None:
    log, out = LOGS / "hello.log", tmp_path / "out"
    if program == "as a plugin":
        command = [sys.executable, "-m", "tailpipe_rx", "collect", "hello_greeting", "--plugin", HELLO, log]
    else:
        command = [sys.executable, HELLO, "collect", "hello_greeting", log]
    ran = subprocess.run([*command, "--into", out, "--workers", workers], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr == f"hello_greeting.default: 5 rows in {out} (1 chunk); 1 artifact extracted\n"
    assert [row["name"] for row in lines(out)] == NAMES
