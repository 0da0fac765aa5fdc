"""What is seen on a terminal, in one of our own making."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from .conftest import command, environment, greetings

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(folder: Path, columns: int, *args: object, gate: bool = False, **env: str) -> tuple[str, int]:
    """All that the program writes to a terminal of so many columns, and its exit code."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    here, go_on = folder / "here", folder / "go_on"
    if gate:
        os.mkfifo(here)
        os.mkfifo(go_on)
    process = subprocess.Popen(
        command(*args),
        cwd=folder,
        env=environment({"TERM": "xterm-256color", "HERE": str(here), "GO_ON": str(go_on), **env}),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    if gate:
        here.read_bytes()
        go_on.write_bytes(b"")
    seen = b""
    try:
        while block := os.read(master, 1 << 16):
            seen += block
    except OSError:  # how Linux says that nobody has the other end open any more
        pass
    finally:
        os.close(master)
    return seen.decode(), process.wait(30)


def frames(seen: str) -> list[str]:
    """The lines as they were drawn, each redrawing one of its own, without colours."""
    return [line for line in re.split(r"[\r\n]+", CONTROL.sub("", seen)) if line.strip()]


@pytest.mark.parametrize("columns", [40, 80])
def test_a_live_line_gives_way_to_a_summary(tmp_path: Path, hello: Path, columns: int) -> None:
    greetings(tmp_path / "logs" / "a.log", "Ada", "wait", "?")
    seen, code = on_terminal(tmp_path, columns, "collect", "hello_greeting", "logs", "--plugin", "hello.py", gate=True)
    drawn = frames(seen)
    assert code == 0
    assert drawn[0].startswith("0:00  0/0")
    assert any("1/1" in frame and "3 rows" in frame for frame in drawn)
    assert drawn[-1] == """duckdb -c "SELECT * FROM read_ndjson('tailpipe-out/*.jsonl') LIMIT 5\""""
    assert all(len(frame) <= columns for frame in drawn[:-1])
    assert "\x1b[?25l" in seen  # the cursor is hidden
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")  # and there again at the end


def test_no_color_is_honoured(tmp_path: Path, hello: Path) -> None:
    greetings(tmp_path / "logs" / "a.log", "Ada")
    args = ("collect", "hello_greeting", "logs", "--plugin", "hello.py", "--into")
    assert re.search(r"\x1b\[[0-9;]*3[0-9]m", on_terminal(tmp_path, 80, *args, "a")[0])
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", on_terminal(tmp_path, 80, *args, "b", NO_COLOR="1")[0])


def test_a_terminal_that_can_do_nothing_gets_plain_lines(tmp_path: Path, hello: Path) -> None:
    greetings(tmp_path / "logs" / "a.log", "Ada")
    seen, _ = on_terminal(tmp_path, 80, "collect", "hello_greeting", "logs", "--plugin", "hello.py", TERM="dumb")
    assert "\x1b" not in seen
    assert seen == "hello_greeting.default: 1 row in tailpipe-out (1 chunk); 1 artifact extracted\r\n"


def test_names_and_log_text_from_outside_are_shown_as_text(tmp_path: Path, hello: Path) -> None:
    name = "\x1b]0;gotcha\x07[bold red]\n\x9b31m.log"
    greetings(tmp_path / "logs" / name, "Ada")
    (tmp_path / "logs" / name).write_text("\x1b[5mevil\n")
    seen, code = on_terminal(tmp_path, 200, "collect", "hello_greeting", "logs", "--plugin", "hello.py")
    assert code == 3
    assert "\x07" not in seen
    assert "\x1b]" not in seen
    assert "\x9b" not in seen
    assert "\x1b[5m" not in seen
    assert "\\x1b]0;gotcha\\x07[bold red]\\n\\x9b31m.log record 0" in CONTROL.sub("", seen)


def test_quiet_says_nothing_on_a_terminal_when_all_went_well(tmp_path: Path, hello: Path) -> None:
    greetings(tmp_path / "logs" / "a.log", "Ada")
    seen, code = on_terminal(tmp_path, 80, "collect", "hello_greeting", "logs", "--plugin", "hello.py", "--quiet")
    assert (seen, code) == ("", 0)


def test_columns_of_a_table_are_wrapped_to_the_terminal(tmp_path: Path) -> None:
    for columns in (40, 80):
        seen, code = on_terminal(tmp_path, columns, "tables", "aws_cloudtrail_log")
        assert code == 0
        assert all(len(frame) <= columns for frame in frames(seen))
