"""``tailpipe-rx collect``: from arguments to a running collection, and from its events to an exit code."""

from __future__ import annotations

import contextlib
import functools
import glob
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from reactivex import Subject

from ..collection.process import settle_down
from ..errors import CollectionFailed, UsageError, describe
from ..events import Event
from ..operators.runner import drain
from ..plugin import Plugin, collect, import_plugin
from ..sources.files import FileSource
from .display import Plain, display, error, silence
from .lookup import find_table
from .outcome import FAILED, NOBODY_LISTENS, Outcome
from .render import as_json
from .signals import Aborted, Signals
from .summary import Report
from .text import place, safe


def collect_files(
    name: str,
    partition: str,
    locations: tuple[str, ...],
    plugin: Plugin | None,
    spec: str | None,
    into: Path,
    workers: int,
    chunk_rows: int,
    json: bool,
    quiet: bool,
    debug: bool,
) -> int:
    """Collect, and show it. The exit code; raises `UsageError` for what is wrong before it begins."""
    table, said = find_table(name, plugin)
    source = FileSource(locations, exclude=(into,))
    if missing := source.missing():
        raise UsageError(f"nothing there to collect: {', '.join(map(place, missing))} (no such file or directory)")
    if all(_is_within(location, into) for location in locations):
        verb = "is" if len(locations) == 1 else "are"
        raise UsageError(
            f"{', '.join(locations)} {verb} where the chunks go, and they are not collected; take another --into"
        )
    stop: Subject[None] = Subject()
    collection = collect(
        table,
        source,
        into=into,
        partition=partition,
        workers=workers,
        chunk_rows=chunk_rows,
        stop=stop,
        initializer=functools.partial(import_plugin, spec) if spec is not None else None,
    )
    outcome = Outcome()
    settle_down()
    began = time.monotonic()
    data = sys.stdout
    with contextlib.redirect_stdout(sys.stderr), display(sys.stderr, quiet=quiet, json=json) as shown:
        if said is not None:
            shown.note(said)

        def ask() -> None:
            stop.on_next(None)

        with _logs(shown, debug), Signals(ask, shown.note) as signals:
            write = JsonLines(data, ask) if json else None

            def on_event(event: Event) -> None:
                outcome.see(event)
                if write is not None:
                    write(event)
                shown.event(event)

            try:
                drain(collection, on_event)
            except Aborted:
                outcome.aborted = True
            except SystemExit as left:  # a plugin's: its code would be taken for ours
                if outcome.completed is None:
                    raise CollectionFailed(describe(left)) from left
        outcome.interrupted = signals.code or (write.code if write is not None else None)
        shown.end(Report(outcome, f"{name}.{partition}", str(into), locations, time.monotonic() - began))
        if write is not None and write.error is not None:
            error(write.error)
    return outcome.exit_code


def _is_within(location: str, into: Path) -> bool:
    """Whether nothing of *location* would be collected: it is *into* itself, or a glob for what is in there."""
    base, is_glob = Path(location), not os.path.lexists(location)
    while glob.has_magic(str(base)) and is_glob:
        base = base.parent
    with contextlib.suppress(OSError):  # then it is somewhere else
        places = (base, *base.resolve().parents) if is_glob else (base,)
        return any(os.path.samefile(place, into) for place in places)
    return False


class JsonLines:
    """Events on stdout. When they cannot be written any more the run is asked to stop, and comes to its end."""

    def __init__(self, stream: TextIO, stop: Callable[[], object]) -> None:
        self.code: int | None = None
        """The exit code that a closed or full stdout stands for; None while all is well."""
        self.error: str | None = None
        """What there is to say about it: nothing, where the reader has had enough."""
        self._stream = stream
        self._stop = stop

    def __call__(self, event: Event) -> None:
        if self.code is not None:
            return
        try:
            print(as_json(event), file=self._stream, flush=True)
        except OSError as failure:
            self.code = FAILED
            if isinstance(failure, BrokenPipeError):
                self.code = NOBODY_LISTENS
            else:
                self.error = f"standard output cannot be written to: {failure.strerror}"
            silence(self._stream)
            self._stop()


class _Lines(logging.Handler):
    """Log records as lines of the display, so that they do not run into the live line."""

    def __init__(self, shown: Plain) -> None:
        super().__init__()
        self._shown = shown

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f": {describe(record.exc_info[1])}"
        self._shown.note(f"{record.levelname.lower()}: {safe(text)}")


@contextlib.contextmanager
def _logs(shown: Plain, debug: bool) -> Iterator[None]:
    """What the package logs goes to stderr: warnings and worse; with ``--debug`` everything."""
    logger, handler = logging.getLogger("tailpipe_rx"), _Lines(shown)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.WARNING)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates
