"""`Workbench`: where the artifacts of one run are worked on, and the threads and processes that takes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from reactivex import Observable

from ..operators.concurrent import map_concurrent
from ..operators.operator import Stage
from ..operators.pull import flat_map_iterable
from ..sources.source import Source
from .execution import Stop
from .facts import Found, Item
from .sending import Packed, packed
from .stages import Fetch, announced, discovered, downloaded, worked_here
from .work import Work
from .workers import WorkerPool
from .workshop import Job, Workshop, noticing


class Workbench:
    """A stage from artifacts to facts, in this process, in *workers* processes, or on *executor*.

    Where the source overrides `Source.fetch`, at most *max_in_flight* artifacts are brought at a time, each on a
    thread; at most as many, or one for each worker if that is more, are then under way on workers or executor.
    The source is pulled no further ahead.

    Raises `NotPicklable`, before anything is started, if the work has to be sent and cannot be.
    """

    def __init__(
        self,
        source: Source,
        work: Work,
        stop: Stop,
        executor: Executor | None,
        workers: int,
        max_in_flight: int,
        initializer: Callable[[], object] | None,
    ) -> None:
        self._source = source
        self._work = work
        self._stop = stop
        self._executor = executor
        self._workers = workers
        self._max_in_flight = max(max_in_flight, workers)
        self._initializer = initializer
        self._packed: Packed | None = None
        if workers or isinstance(executor, ProcessPoolExecutor):
            self._packed = packed(work)  # other executors have their own ways of sending
        self._pools: list[WorkerPool] = []
        self._workshop: Workshop | None = None
        self._threads: ThreadPoolExecutor | None = None

    def __call__(self, found: Observable[Found]) -> Observable[Item]:
        """What was found, and what became of it; the end of each artifact in the order in which they were found."""
        stage = self._work_stage()
        if type(self._source).fetch is not Source.fetch:
            stage = self._fetch_stage(stage)
        return announced(discovered, stage)(found)

    def _work_stage(self) -> Stage[Found, Item]:
        if not self._workers and self._executor is None:
            return worked_here(self._work, self._stop.asked)
        executor = self._executor or self._pool(self._workers)
        job: Job = self._packed or self._work.to_parts
        workshop = self._workshop = Workshop(executor, self._discard, self._rescue if self._workers else None)

        def on_executor(found: Observable[Found]) -> Observable[Item]:
            results: Observable[Any] = map_concurrent(job, workshop, self._max_in_flight)(found)  # type: ignore[arg-type]  # the workshop adds the token
            return flat_map_iterable(_same)(noticing(self._stop, workshop)(results))

        return on_executor

    def _fetch_stage(self, stage: Stage[Found, Item]) -> Stage[Found, Item]:
        threads = self._threads = ThreadPoolExecutor(self._max_in_flight, "tailpipe-rx-fetch")
        fetch = Fetch(self._source, self._stop.asked)

        def fetched(found: Observable[Found]) -> Observable[Item]:
            brought: Observable[Found] = map_concurrent(fetch, threads, self._max_in_flight)(found)
            return announced(downloaded, stage)(brought)

        return fetched

    def _pool(self, workers: int) -> WorkerPool:
        pool = WorkerPool(workers, self._initializer, self._packed is not None and self._packed.needs_main)
        self._pools.append(pool)
        return pool

    @functools.cached_property
    def _rescuer(self) -> WorkerPool:
        return self._pool(1)

    def _rescue(self) -> WorkerPool:
        return self._rescuer

    def _discard(self, token: str) -> None:
        """Remove the files of an artifact whose worker died."""
        work = self._work
        for name in work.storage.names(work.directory):
            if name.startswith(f"{token}-"):
                work.storage.remove(work.directory / name)

    def close(self, clean: bool) -> None:
        """End all threads and processes. If not *clean*, what is still under way is given up as soon as it can be."""
        if not clean:
            self._work.abandon()
        if self._workshop is not None:
            if not clean:
                for pool in list(self._pools):
                    pool.kill()
            self._workshop.close()
        for pool in list(self._pools):
            pool.shutdown()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)


def _same(items: list[Item]) -> list[Item]:
    return items
