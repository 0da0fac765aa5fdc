"""Ctrl-C and SIGTERM, in a real process that the test meets at a FIFO; and a stdout that nobody reads any more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import IO

import pytest

from tailpipe_rx.cli.signals import Aborted, Signals

from .conftest import command, environment, greetings

FINISHING = "finishing the open chunk; Ctrl-C again aborts"


class Meeting:
    """A collection whose second file waits at a FIFO in the middle."""

    def __init__(self, folder: Path, *args: str) -> None:
        self.folder = folder
        self.here, self.go_on = folder / "here", folder / "go_on"
        os.mkfifo(self.here)
        os.mkfifo(self.go_on)
        greetings(folder / "logs" / "a.log", "Ada")
        greetings(folder / "logs" / "b.log", "Bob", "wait", "Cy")
        greetings(folder / "logs" / "c.log", "Dan")
        self.process = subprocess.Popen(
            command("collect", "hello_greeting", "logs", "--plugin", "hello.py", *args),
            cwd=folder,
            env=environment({"HERE": str(self.here), "GO_ON": str(self.go_on)}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def stderr(self) -> IO[str]:
        assert self.process.stderr is not None
        return self.process.stderr

    def arrived(self) -> None:
        """Wait until the process is at the line in the middle of the second file."""
        self.here.read_bytes()

    def send(self, number: int) -> None:
        """To the whole group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def let_it_go_on(self) -> None:
        self.go_on.write_bytes(b"")

    def names(self) -> list[str]:
        return [
            json.loads(line)["name"]
            for chunk in sorted((self.folder / "tailpipe-out").glob("*.jsonl"))
            for line in chunk.read_text().splitlines()
        ]


@pytest.fixture
def meeting(tmp_path: Path, hello: Path) -> Iterator[Meeting]:
    met = Meeting(tmp_path)
    yield met
    met.process.kill()
    met.process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_the_open_chunk_be_finished_and_nothing_more_be_begun(
    meeting: Meeting, number: int, code: int
) -> None:
    meeting.arrived()
    meeting.send(number)
    assert meeting.stderr.readline() == FINISHING + "\n"
    meeting.let_it_go_on()
    rest = meeting.process.communicate(timeout=30)[1]
    assert meeting.process.returncode == code
    assert "Traceback" not in rest
    assert rest.splitlines()[-1].endswith("; stopped")
    assert meeting.names()[:2] == ["Ada", "Bob"]
    assert "Dan" not in meeting.names()
    assert not (meeting.folder / "tailpipe-out" / ".work").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_aborts_at_once(meeting: Meeting, number: int, code: int) -> None:
    meeting.arrived()
    meeting.send(signal.SIGINT)
    assert meeting.stderr.readline() == FINISHING + "\n"
    meeting.send(number)  # nobody lets it go on
    rest = meeting.process.communicate(timeout=30)[1]
    assert meeting.process.returncode == code
    assert "Traceback" not in rest
    assert rest.splitlines()[-1].startswith("aborted")
    assert not (meeting.folder / "tailpipe-out" / ".work").exists()


def test_with_workers_a_signal_to_the_whole_group_ends_the_run_as_cleanly(tmp_path: Path, hello: Path) -> None:
    meeting = Meeting(tmp_path, "--workers", "1")
    try:
        meeting.arrived()
        meeting.send(signal.SIGINT)
        assert meeting.stderr.readline() == FINISHING + "\n"
        meeting.let_it_go_on()
        rest = meeting.process.communicate(timeout=30)[1]
    finally:
        meeting.process.kill()
        meeting.process.communicate()
    assert meeting.process.returncode == 130
    assert "Traceback" not in rest
    assert rest.splitlines()[-1].endswith("; stopped")
    assert set(meeting.names()) >= {"Ada"}


def test_when_nobody_reads_stdout_any_more_the_run_ends_in_silence(tmp_path: Path, hello: Path) -> None:
    meeting = Meeting(tmp_path, "--json")
    try:
        assert meeting.process.stdout is not None
        assert json.loads(meeting.process.stdout.readline())["event"] == "Started"
        meeting.arrived()
        meeting.process.stdout.close()
        meeting.let_it_go_on()
        said = meeting.stderr.read()
        meeting.process.wait(30)
    finally:
        meeting.process.kill()
        meeting.stderr.close()
        meeting.process.wait()
    assert meeting.process.returncode == 141
    assert "Traceback" not in said
    assert "Exception" not in said
    assert meeting.names()[0] == "Ada"


def test_the_handlers_that_were_there_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Signals(lambda: None, lambda _: None):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_the_first_signal_asks_and_the_second_raises_wherever_the_main_thread_waits() -> None:
    said: SimpleQueue[str] = SimpleQueue()
    stopped = threading.Event()
    with Signals(stopped.set, said.put) as signals:
        signal.raise_signal(signal.SIGINT)
        assert said.get(timeout=30) == FINISHING
        assert stopped.wait(30)
        assert signals.code == 130
        with pytest.raises(Aborted):
            signal.raise_signal(signal.SIGTERM)
            threading.Event().wait(30)
    assert (said.empty(), signals.code) == (True, 143)
