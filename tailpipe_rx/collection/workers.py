"""`WorkerPool`: processes to work in, one thread here watching over each."""

from __future__ import annotations

import contextlib
import functools
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final, TypeVar

import attrs

from ..errors import CollectionFailed, NotPicklable, UsageError
from .worker import BOOTSTRAP, IN_WORKER, Hello, receive, send

T = TypeVar("T")

END_SECONDS: Final = 5.0
"""How long a worker that has nothing to do may take to end before it is killed."""


class WorkerDied(Exception):
    """A worker process ended in the middle of its work."""


class WorkerPool(Executor):
    """So many worker processes, each started when there is work for it.

    Not `ProcessPoolExecutor`: when one of its processes dies it fails everything under way, since it cannot tell whose
    work that was, and it imports the main script into every process. Here each process has one piece of work and a
    socket of its own, so that only its own work fails, with `WorkerDied`, and a new one takes its place.

    A worker is a new interpreter (nothing is forked, so the threads here do no harm). It is in a process group of its
    own and ignores SIGINT: Ctrl-C is for the collector. It ends when the socket closes, so it cannot outlive this
    process, whatever that dies of. Its standard output is our standard error: ours may be data.
    """

    def __init__(self, workers: int, initializer: Callable[[], object] | None = None, main: bool = False) -> None:
        """*initializer* is called first in each worker; with *main* the main script is imported there too."""
        if workers < 1:
            raise UsageError(f"{workers} workers: at least 1 is needed")
        if not sys.executable:
            raise UsageError("this Python does not know its own executable, so it cannot start workers; use workers=0")
        self._hello = _hello(initializer, main)
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running: set[_Process] = set()
        self._closing = False
        self._killed = False
        self._threads = [
            threading.Thread(target=self._watch, name=f"tailpipe-rx-worker-{i}", daemon=True) for i in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have *fn* called in a worker. What it returns, and what it raises, must pickle."""
        future: Future[T] = Future()
        with self._lock:
            if self._closing:
                raise RuntimeError("the workers are shut down")
            self._tasks.put(_Task(future, functools.partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers when they have done what was submitted, or, with *cancel_futures*, begun. Safe to repeat."""
        with self._lock:
            first, self._closing = not self._closing, True
        if cancel_futures:
            self._cancel()
        if first:
            for _ in self._threads:
                self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def kill(self) -> None:
        """End the workers now; what they had begun fails with `WorkerDied`."""
        with self._lock:
            self._killed = True
            running = list(self._running)
        self._cancel()  # first, or what waits would be begun by those who are free now
        for process in running:
            process.kill()
        self.shutdown(cancel_futures=True)

    def _cancel(self) -> None:
        ends = 0
        with contextlib.suppress(queue.Empty):
            while True:
                task = self._tasks.get_nowait()
                if task is None:
                    ends += 1
                else:
                    task.future.cancel()
        for _ in range(ends):
            self._tasks.put(None)

    def _watch(self) -> None:
        """One thread: a process at a time, and its work."""
        process: _Process | None = None
        try:
            while (task := self._tasks.get()) is not None:
                if not task.future.set_running_or_notify_cancel():
                    continue
                try:
                    if process is None:
                        process = self._start()
                    result = process.ask(task.call)
                except (WorkerDied, CollectionFailed) as error:
                    if process is not None:
                        self._end(process)
                        process = None
                    task.future.set_exception(error)
                except BaseException as error:
                    task.future.set_exception(error)
                else:
                    task.future.set_result(result)
                del task
        finally:
            if process is not None:
                self._end(process)

    def _start(self) -> _Process:
        process = _Process()
        with self._lock:
            self._running.add(process)
            if self._killed:
                process.kill()
        try:
            process.greet(self._hello)
        except BaseException:
            self._end(process)
            raise
        return process

    def _end(self, process: _Process) -> None:
        process.end()
        with self._lock:
            self._running.discard(process)


@attrs.define
class _Task:
    future: Future[Any]
    call: Callable[[], Any]


class _Process:
    """A worker process, and the socket it is spoken to through."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOOTSTRAP, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,
                env={**os.environ, IN_WORKER: "1"},
                process_group=0,
            )
        except OSError as error:
            ours.close()
            raise CollectionFailed(f"a worker process cannot be started: {error}") from error
        finally:
            theirs.close()
        self._socket = ours

    def greet(self, hello: bytes) -> None:
        """Wait until it is ready. Raises `CollectionFailed` if it cannot be."""
        try:
            send(self._socket, pickle.dumps(sys.path))
            send(self._socket, hello)
            problem = pickle.loads(receive(self._socket))
        except (OSError, EOFError) as error:
            raise CollectionFailed(f"a worker process ended before it was ready ({self._ending()})") from error
        if problem:
            raise CollectionFailed(f"a worker process could not begin: {problem}")

    def ask(self, call: Callable[[], Any]) -> Any:
        """Have it called there. Raises what that raises, and `WorkerDied`."""
        message = pickle.dumps(call)
        try:
            send(self._socket, message)
            answer = receive(self._socket)
        except (OSError, EOFError) as error:
            raise WorkerDied(f"the worker process died ({self._ending()}) while it worked on this artifact") from error
        well, value = pickle.loads(answer)
        if not well:
            raise value
        return value

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        """Close the socket, at which it ends, and wait for it."""
        self._socket.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ending(self) -> str:
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return "it closed its socket"
        if code >= 0:
            return f"exit code {code}"
        with contextlib.suppress(ValueError):
            return f"signal {-code}, {signal.Signals(-code).name}"
        return f"signal {-code}"


def _hello(initializer: Callable[[], object] | None, main: bool) -> bytes:
    script = sys.modules["__main__"]
    module = getattr(getattr(script, "__spec__", None), "name", None)
    path = getattr(script, "__file__", None)
    try:
        call = pickle.dumps(initializer)
    except Exception as error:
        raise NotPicklable(f"the initializer of the workers cannot be sent to them: {error}") from error
    return pickle.dumps(
        Hello(
            initializer=call,
            main_module=module if main else None,
            main_path=os.path.abspath(path) if main and path and module is None else None,
        )
    )
