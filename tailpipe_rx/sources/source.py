"""`Source`: where artifacts come from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Final, TypeVar, overload

import attrs
from reactivex import Observable, abc
from reactivex import operators as rx_ops

from ..events import Artifact, Tick, Window
from ..operators.operator import Stage
from ..operators.pull import pull

# Named after the joints, as in operators/pipe.py: a type checker says no more than the name.
after_1 = TypeVar("after_1")
after_2 = TypeVar("after_2")
after_3 = TypeVar("after_3")
after_4 = TypeVar("after_4")
after_5 = TypeVar("after_5")
after_6 = TypeVar("after_6")
after_7 = TypeVar("after_7")
after_8 = TypeVar("after_8")
after_9 = TypeVar("after_9")


EVERYTHING: Final = Window()
"""A window that is open at both ends."""


@attrs.frozen
class Source(abc.ObservableBase[Artifact]):
    """Where artifacts come from: a frozen value whose fields are the arguments of its config block.

    An author writes `artifacts`, a plain generator, and `fetch` where the content has to be brought:

    >>> @attrs.frozen
    ... class Pages(Source):
    ...     type: ClassVar[str] = "pages"
    ...     count: int
    ...     def artifacts(self, window: Window) -> Iterator[Artifact]:
    ...         for n in range(self.count):
    ...             yield Artifact(f"page {n}", content=b"")

    It is an Observable of artifacts too: subscribing to it discovers all there is, so that ``pipe``, and RxPY's
    ``merge``, ``concat``, ``zip``, ``retry`` and others take it. The few that insist on `reactivex.Observable`
    (``flat_map``, ``amb``, ``fork_join``, and type checkers) take ``source.discover()``.

    >>> Pages(2).subscribe(lambda artifact: print(artifact.name)) and None
    page 0
    page 1
    """

    type: ClassVar[str]
    """What the source is called in a config, and in ``tp_source_type``."""

    @abstractmethod
    def artifacts(self, window: Window) -> Iterable[Artifact | Tick]:
        """What there is to collect in *window*, oldest first where the store can say.

        Pulled only as fast as the artifacts are collected. While it waits it yields a `Tick` at least each second. An
        error that it raises is one of the stream.
        """

    def fetch(self, artifact: Artifact) -> Artifact:
        """*artifact* with its content at hand.

        Runs where the artifact is worked on: on a thread where it is overridden, since it may block; an error fails
        the artifact and no other.
        """
        return artifact

    def discover(self, window: Window = EVERYTHING) -> Observable[Artifact]:
        """The artifacts in *window* as a stream: cold, and one ahead at most. Each subscription looks anew."""
        # filtered behind `pull`, so that a source which only waits can be stopped between two ticks
        found: Observable[Any] = pull(lambda: self.artifacts(window))
        return found.pipe(rx_ops.filter(_is_artifact))

    def subscribe(
        self,
        on_next: abc.OnNext[Artifact] | abc.ObserverBase[Artifact] | None = None,
        on_error: abc.OnError | None = None,
        on_completed: abc.OnCompleted | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        """Discover everything; see `discover`. The same arguments as `reactivex.Observable.subscribe`."""
        return self.discover().subscribe(on_next, on_error, on_completed, scheduler=scheduler)

    @overload
    def pipe(self) -> Observable[Artifact]: ...
    @overload
    def pipe(
        self,
        a: Stage[Artifact, after_1],
        /,
    ) -> Observable[after_1]: ...
    @overload
    def pipe(
        self,
        a: Stage[Artifact, after_1],
        b: Stage[after_1, after_2],
        /,
    ) -> Observable[after_2]: ...
    @overload
    def pipe(
        self,
        a: Stage[Artifact, after_1],
        b: Stage[after_1, after_2],
        c: Stage[after_2, after_3],
        /,
    ) -> Observable[after_3]: ...
    @overload
    def pipe(
        self,
        a: Stage[Artifact, after_1],
        b: Stage[after_1, after_2],
        c: Stage[after_2, after_3],
        d: Stage[after_3, after_4],
        /,
    ) -> Observable[after_4]: ...
    @overload
    def pipe(
        self,
        a: Stage[Artifact, after_1],
        b: Stage[after_1, after_2],
        c: Stage[after_2, after_3],
        d: Stage[after_3, after_4],
        e: Stage[after_4, after_5],
        /,
    ) -> Observable[after_5]: ...
    @overload
    def pipe(
        self,
        a: Stage[Artifact, after_1],
        b: Stage[after_1, after_2],
        c: Stage[after_2, after_3],
        d: Stage[after_3, after_4],
        e: Stage[after_4, after_5],
        f: Stage[after_5, after_6],
        /,
    ) -> Observable[after_6]: ...
    @overload
    def pipe(
        self,
        a: Stage[Artifact, after_1],
        b: Stage[after_1, after_2],
        c: Stage[after_2, after_3],
        d: Stage[after_3, after_4],
        e: Stage[after_4, after_5],
        f: Stage[after_5, after_6],
        g: Stage[after_6, after_7],
        /,
    ) -> Observable[after_7]: ...
    @overload
    def pipe(
        self,
        a: Stage[Artifact, after_1],
        b: Stage[after_1, after_2],
        c: Stage[after_2, after_3],
        d: Stage[after_3, after_4],
        e: Stage[after_4, after_5],
        f: Stage[after_5, after_6],
        g: Stage[after_6, after_7],
        h: Stage[after_7, after_8],
        /,
    ) -> Observable[after_8]: ...
    @overload
    def pipe(
        self,
        a: Stage[Artifact, after_1],
        b: Stage[after_1, after_2],
        c: Stage[after_2, after_3],
        d: Stage[after_3, after_4],
        e: Stage[after_4, after_5],
        f: Stage[after_5, after_6],
        g: Stage[after_6, after_7],
        h: Stage[after_7, after_8],
        i: Stage[after_8, after_9],
        /,
    ) -> Observable[after_9]: ...
    def pipe(self, *stages: Stage[Any, Any]) -> Observable[Any]:
        """Everything there is, through *stages*: ``source.pipe(table.extract, ops.rows())``."""
        found: Observable[Any] = self.discover()
        for stage in stages:
            found = stage(found)
        return found


def _is_artifact(found: Artifact | Tick) -> bool:
    return not isinstance(found, Tick)
