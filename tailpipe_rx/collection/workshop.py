"""`Workshop`: artifacts on an executor, and what to do when that goes wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, InvalidStateError, wait
from typing import Any, Final, TypeAlias

from reactivex import Observable, abc

from ..errors import CollectionFailed, describe
from ..events import Artifact, ArtifactFailed, ArtifactSkipped
from ..operators.operator import operator
from .execution import Stop
from .facts import Begun, Found, Item
from .stages import NOT_BEGUN
from .workers import WorkerDied

Job: TypeAlias = Callable[[Artifact, str], list[Item]]
"""`Work.to_parts`, or what stands for it: an artifact and the name its files begin with, to facts."""

PATIENCE_SECONDS: Final = 10.0
"""How long a run that was broken off waits for what still runs on an executor that is not its own."""


class Workshop(Executor):
    """Wraps an executor so that each result is about one artifact, whatever happened to it.

    - What had not started when the run was stopped is `ArtifactSkipped`.
    - When a worker process died, its artifact is done again on *rescue*, where one artifact is worked on at a time in a
      new process; if that dies too, it is `ArtifactFailed`. Nothing else was in that process. Its files are removed, so
      no row comes twice.
    - When the executor is broken (a user's process pool lost a process), what it had in hand has failed, and the next
      artifact ends the collection: the executor will never work again, and is not ours to replace.
    - `CollectionFailed` stays an exception, and ends the collection.
    """

    def __init__(
        self, executor: Executor, discard: Callable[[str], object], rescue: Callable[[], Executor] | None = None
    ) -> None:
        self._executor = executor
        self._discard = discard
        self._rescue = rescue
        self._tokens = itertools.count()
        self._under_way: set[Future[list[Item]]] = set()
        self._closing = False

    def submit(self, fn: Job, /, item: Found) -> Future[list[Item]]:  # type: ignore[override]  # of one kind only
        """Have *fn* work on an artifact. Anything else is its own result, so that it keeps its place."""
        if not isinstance(item, Artifact):
            done: Future[list[Item]] = Future()
            done.set_result([item])
            return done
        outcome = _Outcome(item, f"{next(self._tokens):06d}")
        self._begin(self._executor, fn, outcome)
        return outcome

    def cancel_waiting(self) -> None:
        """Skip what has not started."""
        for future in list(self._under_way):
            future.cancel()

    def close(self, patience: float = PATIENCE_SECONDS) -> None:
        """Take nothing more, and wait for what still runs."""
        self._closing = True
        self.cancel_waiting()
        wait(list(self._under_way), patience)

    def _begin(self, executor: Executor, fn: Job, outcome: _Outcome) -> None:
        try:
            future = executor.submit(fn, outcome.artifact, outcome.token)
        except Exception as error:  # it was shut down, or is broken
            outcome.end_with(CollectionFailed(f"the executor takes no more work: {describe(error)}"))
            return
        outcome.inner = future
        self._under_way.add(future)

        def settle(future: Future[list[Item]]) -> None:
            self._under_way.discard(future)
            try:  # an exception in here would vanish
                self._settle(future, fn, outcome)
            except BaseException as error:
                outcome.end_with(error)

        future.add_done_callback(settle)

    def _settle(self, future: Future[list[Item]], fn: Job, outcome: _Outcome) -> None:
        artifact = outcome.artifact
        try:
            facts = future.result()
        except CancelledError:
            facts = [ArtifactSkipped(artifact, NOT_BEGUN)]
        except WorkerDied as error:
            self._discard(outcome.token)
            if not outcome.again and self._rescue is not None and not self._closing:
                outcome.again = True
                self._begin(self._rescue(), fn, outcome)
                return
            facts = [Begun(artifact), ArtifactFailed(artifact, str(error), 0)]
        except CollectionFailed as error:
            outcome.end_with(error)
            return
        except BrokenExecutor as error:
            self._discard(outcome.token)
            text = f"the executor broke while it was at work: {describe(error)}"
            facts = [Begun(artifact), ArtifactFailed(artifact, text, 0)]
        except Exception as error:
            self._discard(outcome.token)
            facts = [Begun(artifact), ArtifactFailed(artifact, describe(error), 0)]
        outcome.end_with(facts)


class _Outcome(Future[list[Item]]):
    """What will be said about *artifact*. Cancelling it cancels the work, if that has not started."""

    def __init__(self, artifact: Artifact, token: str) -> None:
        super().__init__()
        self.artifact = artifact
        self.token = token
        self.again = False
        self.inner: Future[list[Item]] | None = None

    def cancel(self) -> bool:
        if self.inner is not None:
            self.inner.cancel()
        return super().cancel()

    def end_with(self, value: list[Item] | BaseException) -> None:
        try:
            if isinstance(value, BaseException):
                self.set_exception(value)
            else:
                self.set_result(value)
        except InvalidStateError:  # cancelled meanwhile: nobody waits for it
            return


@operator
def noticing(source: Observable[Any], stop: Stop, workshop: Workshop) -> Observable[Any]:
    """Skip what waits in *workshop* as soon as something passes, be it a `Tick`, after *stop* was asked for."""

    def subscribe(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        def on_next(item: Any) -> None:
            if stop.asked():
                workshop.cancel_waiting()
            observer.on_next(item)

        return source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

    return Observable(subscribe)
