"""Ctrl-C and SIGTERM: once is a wish to stop, twice is an order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from .outcome import INTERRUPTED, TERMINATED

_CODES: Final = {int(signal.SIGINT): INTERRUPTED, int(signal.SIGTERM): TERMINATED}
_END: Final = 0
_AGAIN: Final = 0.1
"""Seconds after which the main thread is called once more."""


class Aborted(KeyboardInterrupt):
    """A second signal came while the run was coming to its end."""


class Signals:
    """While this context is open, the first signal calls *stop*; the second raises `Aborted` in the main thread.

    What Python calls a handler runs between any two instructions of the main thread, where the collection may be in the
    middle of writing a row, and not at all while that thread waits for a file. So a thread of its own learns of signals
    (through ``signal.set_wakeup_fd``), and calls *stop* and *say*. To abort, it calls the main thread until that hears:
    a signal that comes just before a system call begins does not end it. What was there before is put back.
    """

    def __init__(self, stop: Callable[[], object], say: Callable[[str], object]) -> None:
        self.code: int | None = None
        """The exit code that the signal stands for; None if none came. To be read when the context has been left."""
        self._stop = stop
        self._say = say
        self._aborting = False
        self._raised = threading.Event()
        self._before: dict[int, Any] = {}
        self._thread = threading.Thread(target=self._serve, name="tailpipe-rx-signals", daemon=True)

    def __enter__(self) -> Signals:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in _CODES:
            self._before[number] = signal.signal(number, self._handle)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._raised.set()  # whatever comes now comes too late
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.write(self._write, bytes([_END]))
        self._thread.join()
        os.close(self._read)
        os.close(self._write)

    def _handle(self, _: int, __: FrameType | None) -> None:
        if self._aborting and not self._raised.is_set():
            self._raised.set()
            raise Aborted

    def _serve(self) -> None:
        while (number := os.read(self._read, 1)[0]) != _END:
            if number not in _CODES or self._aborting:
                continue
            again, self.code = self.code is not None, _CODES[number]
            if not again:
                self._say("finishing the open chunk; Ctrl-C again aborts")
                self._stop()
                continue
            self._aborting = True
            while not self._raised.is_set():
                signal.pthread_kill(threading.main_thread().ident or 0, number)
                self._raised.wait(_AGAIN)
