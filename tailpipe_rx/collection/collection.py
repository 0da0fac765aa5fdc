"""`Collection`: one cold Observable of events."""

from __future__ import annotations

import logging
import os
import re
import secrets
import string
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, Final

import attrs
from reactivex import Observable, abc
from reactivex.disposable import Disposable

from ..errors import AlreadyRunning, UsageError
from ..events import Artifact, CollectRequest, Event
from ..operators.elements import Batch
from ..operators.operator import Operator
from ..operators.pull import pull
from ..operators.runner import iterate
from ..rows.row import Row
from ..sources.source import Source
from ..storage import DISK, Storage
from .chunks import write_chunks
from .directory import Directory
from .execution import Stop, in_execution, until
from .status import with_status
from .work import Work
from .workbench import Workbench
from .worker import IN_WORKER

_log: Final = logging.getLogger("tailpipe_rx.collection")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class Collection(Observable[Event]):
    """A collection of the artifacts of a source into chunks: a cold Observable of events.

    Nothing happens before somebody subscribes. ``subscribe`` then runs it to its end on the calling thread, or on the
    scheduler that it is given; ``for event in collection`` runs it on a thread of its own, never more than an event
    ahead, and leaving the loop stops it. `Started` is the first event and `Completed` the last, whatever happens in
    between; ``on_error`` is never called for what goes wrong in a run.

    What makes a run impossible is raised by ``subscribe``, before the first event: `AlreadyRunning` while it runs,
    `DirectoryInUse`, `NotPicklable` and other `UsageError`-s, `CollectionFailed` if the directory cannot be written.
    What the subscriber raises is raised to whoever subscribed; files under way are removed, and locks released.

    To stop it, give *stop*, dispose of the subscription, or leave the loop. A run that stops finishes the open chunk,
    and reports the artifact that it was reading as `ArtifactFailed` and those that waited as `ArtifactSkipped`; what a
    worker or executor has begun is let finish. `Completed.error` stays None.
    """

    def __init__(
        self,
        source: Source,
        chain: Operator[Artifact, Batch[Row]],
        request: CollectRequest,
        executor: Executor | None = None,
        workers: int = 0,
        max_in_flight: int = 8,
        stop: Observable[Any] | None = None,
        *,
        initializer: Callable[[], object] | None = None,
        storage: Storage = DISK,
    ) -> None:
        """*stop* ends the run with its first element, or with an error.

        *initializer* is called in each of the *workers* as it starts: it has to pickle, and to import what could be
        imported by no module name there.
        """
        super().__init__()
        _check(request, executor, workers, max_in_flight)
        self.request = request
        self.execution_id = request.execution_id
        """Of the run that is under way, or of the last one; empty before the first, unless the request gives it."""
        self.source = source
        self.chain = chain
        self._executor = executor
        self._workers = workers
        self._max_in_flight = max_in_flight
        self._stop = stop
        self._initializer = initializer
        self._storage = storage
        self._one_run = threading.Lock()
        self._run: _Run | None = None

    def _events(self, run: _Run) -> Observable[Event]:
        return pull(lambda: self.source.artifacts(self.request.window)).pipe(
            until(run.stop),  # between two artifacts, on this thread
            run.workbench,  # fetch, load, extract, enrich, encode; bounded by max_in_flight
            write_chunks(run.directory.path, run.execution_id, self.request.chunk_rows, self._storage),
            with_status(every=0.25),  # behind the chunks, since it counts them
            in_execution(run.execution_id, run.stop, run.release),  # Started first, Completed last, always
        )

    def subscribe(
        self,
        on_next: abc.ObserverBase[Event] | abc.OnNext[Event] | None = None,
        on_error: abc.OnError | None = None,
        on_completed: abc.OnCompleted | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        """Run it. Raises what makes a run impossible, rather than giving it to *on_error*."""
        return self._run_with(Stop(), on_next, on_error, on_completed, scheduler=scheduler)

    def __iter__(self) -> Iterator[Event]:  # Observable's own iterates for ever
        """Run it on a thread, and give its events. Leaving the loop lets the run come to its end and waits for it."""
        stop = Stop()  # of this run and no other: a loop that AlreadyRunning ends must not stop the run it met

        def subscribe(
            observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            return self._run_with(stop, observer, scheduler=scheduler)

        return iterate(Observable(subscribe), stop.ask)

    def _run_with(
        self,
        stop: Stop,
        on_next: abc.ObserverBase[Event] | abc.OnNext[Event] | None = None,
        on_error: abc.OnError | None = None,
        on_completed: abc.OnCompleted | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        if IN_WORKER in os.environ:
            raise UsageError(
                "a worker process imports the main script, and that begins to collect again; put what it does under "
                '`if __name__ == "__main__":`'
            )
        if not self._one_run.acquire(blocking=False):
            raise AlreadyRunning(
                f"collection {self.execution_id} is running; ops.share() lets several observers see one run"
            )
        try:
            self._run = self._begin(stop)
        except BaseException:
            self._one_run.release()
            raise
        return super().subscribe(on_next, on_error, on_completed, scheduler=scheduler)

    def _subscribe_core(
        self, observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        run, self._run = self._run, None
        assert run is not None, "subscribe() makes it"
        try:
            events = self._events(run)
        except BaseException:
            run.release(False)
            raise
        return events.subscribe(observer, scheduler=scheduler)

    def _begin(self, stop: Stop) -> _Run:
        request = self.request
        now = datetime.now(UTC)
        execution_id = request.execution_id or new_execution_id(now)
        directory = Directory.of(request, self._storage)
        work = Work(
            chain=self.chain,
            table=request.table,
            partition=request.partition,
            index=request.index,
            source_type=self.source.type,
            ingested=now,
            directory=directory.work,
            chunk_rows=request.chunk_rows,
            storage=self._storage,
        )
        workbench = Workbench(
            self.source, work, stop, self._executor, self._workers, self._max_in_flight, self._initializer
        )
        directory.claim()
        try:
            listening = self._stop.subscribe(stop.ask, stop.ask) if self._stop is not None else Disposable()
        except BaseException:
            directory.release()
            raise
        self.execution_id = execution_id
        return _Run(execution_id, stop, directory, workbench, listening, self._one_run)


@attrs.frozen
class _Run:
    """What one run holds, until it is released."""

    execution_id: str
    stop: Stop
    directory: Directory
    workbench: Workbench
    listening: abc.DisposableBase
    held: threading.Lock

    def release(self, clean: bool) -> None:
        """End what was started, clear up, and let others in. Raises nothing, since what ended the run counts more."""
        steps: list[Callable[[], object]] = [
            self.listening.dispose,
            lambda: self.workbench.close(clean),
            self.directory.release,
            self.held.release,
        ]
        for step in steps:
            try:
                step()
            except Exception as error:
                _log.warning("after collection %s: %s", self.execution_id, error)


def new_execution_id(now: datetime) -> str:
    """UTC time and six random characters.

    >>> new_execution_id(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))[:-6]
    '20260102T030405'
    """
    letters = string.digits + string.ascii_lowercase
    return now.strftime("%Y%m%dT%H%M%S") + "".join(secrets.choice(letters) for _ in range(6))


def _check(request: CollectRequest, executor: Executor | None, workers: int, max_in_flight: int) -> None:
    if request.execution_id and not _ID.fullmatch(request.execution_id):
        raise UsageError(
            f"execution id {request.execution_id!r}: letters, digits, '_', '.' and '-', at most 128, the first one a "
            "letter or digit"
        )
    if request.chunk_rows < 1:
        raise UsageError(f"chunks of {request.chunk_rows} rows: at least 1 is needed")
    if workers < 0:
        raise UsageError(f"{workers} workers: take 0 to work in this process, or a number of processes")
    if max_in_flight < 1:
        raise UsageError(f"max_in_flight={max_in_flight}: at least 1 is needed")
    if workers and executor is not None:
        raise UsageError("executor= and workers= exclude each other: an executor has its own workers")
