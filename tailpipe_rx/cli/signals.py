"""Ctrl-C and SIGTERM: once is a wish to stop, twice is an order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Final

from .outcome import INTERRUPTED, TERMINATED

_CODES: Final = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}


class Aborted(KeyboardInterrupt):
    """A second signal came while the run was coming to its end."""


class Signals:
    """While this context is open, the first signal calls *stop*; the second raises `Aborted` in the main thread.

    A handler runs between any two instructions of the main thread, where the collection may be in the middle of
    writing a row: *stop* and *say* are therefore called on a thread of their own, which waits for that from the
    beginning. The handlers that were there before are put back.
    """

    def __init__(self, stop: Callable[[], object], say: Callable[[str], object]) -> None:
        self.code: int | None = None
        """The exit code that the signal stands for; None if none came."""
        self._stop = stop
        self._say = say
        self._before: dict[signal.Signals, Any] = {}
        self._wishes: SimpleQueue[str | None] = SimpleQueue()  # its put is reentrant, as a handler needs
        self._thread = threading.Thread(target=self._serve, name="tailpipe-rx-stop", daemon=True)

    def ask(self, text: str = "") -> None:
        """Ask the run to come to its end, and say *text*."""
        self._wishes.put(text)

    def _serve(self) -> None:
        while (text := self._wishes.get()) is not None:
            if text:
                self._say(text)
            self._stop()

    def _handle(self, number: int, _: FrameType | None) -> None:
        again, self.code = self.code is not None, _CODES[signal.Signals(number)]
        if again:
            raise Aborted
        self.ask("finishing the open chunk; Ctrl-C again aborts")

    def __enter__(self) -> Signals:
        self._thread.start()
        for number in _CODES:
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._wishes.put(None)
        self._thread.join()
