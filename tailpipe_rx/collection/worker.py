"""What runs in a worker process. Messages are pickles behind their length, over a socket that only the two have."""

from __future__ import annotations

import io
import os
import pickle
import queue
import runpy
import signal
import socket
import struct
import sys
import threading
import types
from typing import Any, Final

import attrs

from ..errors import CollectionFailed, describe
from .process import settle_down

IN_WORKER: Final = "TAILPIPE_RX_WORKER"
"""Set in the environment of a worker until it is ready: a collection that is begun by then is a mistake."""

BOOTSTRAP: Final = """\
import pickle, socket, struct, sys
s = socket.socket(fileno=int(sys.argv[1]))
f = s.makefile("rb", buffering=0)
def read(n):
    b = b""
    while len(b) < n:
        c = f.read(n - len(b))
        if not c: sys.exit(1)
        b += c
    return b
sys.path[:] = pickle.loads(read(struct.unpack(">Q", read(8))[0]))
f.close()
from tailpipe_rx.collection.worker import serve
serve(s)
"""
"""The program of a worker. It imports the package only when it knows where the collector found it."""

_LENGTH: Final = struct.Struct(">Q")


@attrs.frozen
class Hello:
    """What a worker does first."""

    initializer: bytes
    main_module: str | None
    main_path: str | None


def send(connection: socket.socket, message: bytes) -> None:
    """Send a message. Raises OSError if the other side is gone."""
    connection.sendall(_LENGTH.pack(len(message)) + message)


def receive(connection: socket.socket) -> bytes:
    """The next message. Raises EOFError if the other side is gone."""
    (size,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return bytes(_exactly(connection, size))


def _exactly(connection: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise EOFError("the other side has closed the connection")
        view = view[count:]
    return data


def serve(connection: socket.socket) -> None:
    """Do what comes, until the collector closes the connection or is no more: then end at once, whatever is under way.

    A thread does the reading, so that the end is noticed in the middle of work too. (Not PR_SET_PDEATHSIG: that counts
    the death of the *thread* that started the process, and there is no such thing outside Linux.)
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # the end of this process flushes nothing
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        try:
            while True:
                tasks.put(receive(connection))
        except (OSError, EOFError):
            os._exit(0)

    threading.Thread(target=read, name="tailpipe-rx-collector", daemon=True).start()
    _answer(connection, _ready(tasks.get()))
    settle_down()
    while True:
        _answer(connection, _done(tasks.get()))


def _answer(connection: socket.socket, message: bytes) -> None:
    try:
        send(connection, message)
    except OSError:
        os._exit(0)


def _ready(message: bytes) -> bytes:
    """Do what `Hello` says; the answer is what went wrong, or an empty text."""
    try:
        hello: Hello = pickle.loads(message)
        if hello.main_module is not None or hello.main_path is not None:
            _import_main(hello)
        initializer = pickle.loads(hello.initializer)
        if initializer is not None:
            initializer()
    except BaseException as error:
        return pickle.dumps(describe(error))
    finally:
        os.environ.pop(IN_WORKER, None)  # what a worker starts is no worker
    return pickle.dumps("")


def _import_main(hello: Hello) -> None:
    """The main script under its name, without running what is under ``if __name__ == "__main__":``."""
    script = types.ModuleType("__mp_main__")
    if hello.main_module is not None:
        content = runpy.run_module(hello.main_module, run_name="__mp_main__", alter_sys=True)
    else:
        content = runpy.run_path(str(hello.main_path), run_name="__mp_main__")
    script.__dict__.update(content)
    sys.modules["__main__"] = sys.modules["__mp_main__"] = script


def _done(message: bytes) -> bytes:
    """Call what was sent; the answer is whether it went well, and what it returned or raised."""
    try:
        result: Any = pickle.loads(message)()
    except Exception as error:
        return _failed(error)
    except BaseException as error:  # sys.exit() in somebody's row function is no reason to work elsewhere again
        return _failed(CollectionFailed(f"{type(error).__name__} in a worker process: {describe(error)}"))
    try:
        return pickle.dumps((True, result))
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((False, error))
        pickle.loads(answer)  # exceptions with arguments of their own may pickle and not come back
    except Exception:
        return pickle.dumps((False, RuntimeError(describe(error))))
    return answer
