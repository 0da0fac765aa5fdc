"""What is shown on stderr while a collection runs, and when it has ended."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TextIO

import attrs

from ..events import ArtifactExtracted, ArtifactFailed, Event, RowsQuarantined, Started, Status
from . import summary
from .progress import Progress
from .text import safe


def is_terminal(stream: TextIO) -> bool:
    """Whether *stream* can show a line that changes."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def silence(stream: TextIO) -> None:
    """*stream* cannot be written to: what is still buffered, and what is written from now on, goes nowhere.

    Otherwise the interpreter would try once more when it ends, and complain.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):  # it is no file, as in a test
        os.dup2(null, stream.fileno())
    os.close(null)


class Plain:
    """For a pipe, a log file, a mail of cron: one line for each thing that went wrong, and one at the end.

    The rejected records of an artifact are one thing, and their line comes with its end, however many there are.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rejected: dict[str, RowsQuarantined] = {}  # of the artifacts that are under way
        self._lock = threading.Lock()

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to put away."""

    def event(self, event: Event) -> None:
        if isinstance(event, RowsQuarantined):
            name = event.artifact.name
            before = self._rejected.get(name)
            self._rejected[name] = attrs.evolve(before, count=before.count + event.count) if before else event
        elif isinstance(event, ArtifactExtracted | ArtifactFailed):
            if (rejected := self._rejected.pop(event.artifact.name, None)) is not None:
                self.note(summary.line(rejected))
            if isinstance(event, ArtifactFailed):
                self.note(summary.line(event))

    def note(self, text: str) -> None:
        """A line of its own, in the middle of a run. May be called on any thread."""
        with self._lock:
            try:
                print(text, file=self._stream, flush=True)
            except OSError:  # nobody reads what is said, which is no reason to collect nothing
                silence(self._stream)

    def end(self, report: summary.Report) -> None:
        for line in (*map(summary.line, self._rejected.values()), *summary.plain(report)):
            self.note(line)


class Quiet(Plain):
    """Says nothing unless there is something to say: then what `Plain` says, at the end."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._notes: list[str] = []

    def note(self, text: str) -> None:
        self._notes.append(text)

    def event(self, event: Event) -> None:
        """The report names the first of them."""

    def end(self, report: summary.Report) -> None:
        if not report.outcome.exit_code:
            return
        out = report.outcome
        bad: list[ArtifactFailed | RowsQuarantined] = [*out.failures]
        if out.first_rejected is not None:
            bad.append(out.first_rejected)
        for line in (*self._notes, *map(summary.line, bad), *summary.plain(report)):
            super().note(line)


class Live(Plain):
    """For a terminal: one line that is kept up to date, and a summary in its place at the end.

    It is redrawn when a `Status` comes, at most four times a second; there is no thread and no timer.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live as Line

        super().__init__(stream)
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=False)
        self._line = Line(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # what a plugin prints goes above the line; into a pipe it is data
        )
        self._progress = Progress(time.monotonic())

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.stop()

    def event(self, event: Event) -> None:
        if isinstance(event, Started):
            self._line.start()  # not before, for a run that cannot begin has nothing to show
            self._draw()
        elif isinstance(event, Status):
            self._progress.update(event, time.monotonic())
            self._draw()

    def note(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

    def end(self, report: summary.Report) -> None:
        self._line.stop()
        summary.show(report, self._console)

    def _draw(self) -> None:
        from rich.text import Text

        # some columns stay free, so that a ^C or two which the terminal echoes do not begin a line of their own
        pieces = self._progress.line(max(self._console.width - 5, 1))
        self._line.update(Text.assemble(*pieces, no_wrap=True, overflow="crop"), refresh=True)


def display(stream: TextIO, *, quiet: bool, json: bool) -> Plain:
    """The display that fits. With ``--json`` there is no live line: whatever reads stdout may share the terminal."""
    if quiet:
        return Quiet(stream)
    return Live(stream) if is_terminal(stream) and not json else Plain(stream)


def error(text: str) -> None:
    """One line on stderr that says what went wrong."""
    line = f"error: {safe(text)}"
    if is_terminal(sys.stderr) and "NO_COLOR" not in os.environ:
        line = f"\x1b[1;31merror:\x1b[0m {safe(text)}"
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # the exit code says it too
        silence(sys.stderr)
