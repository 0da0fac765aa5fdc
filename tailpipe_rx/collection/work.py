"""`Work`: what is done with one artifact, wherever it is done."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import attrs

from ..errors import CollectionFailed, describe
from ..events import TICK, Artifact, ArtifactExtracted, ArtifactFailed, Tick
from ..operators.elements import Batch
from ..operators.operator import Operator
from ..operators.pull import pull
from ..operators.runner import drain
from ..rows.enrich import constants, identity, press
from ..rows.row import Row
from ..storage import DISK, Storage
from .directory import OWNER
from .facts import Begun, Counted, Encoded, Item, Quarantined
from .parts import Parts
from .quarantine import quarantine_lines, shortened


class Left(BaseException):
    """Unwinds a chain whose rows nobody wants any more. No Exception, or an operator might take it for an error."""


class LeftElsewhere(Exception):
    """The same on a thread of the chain's own, where unwinding is not needed and would be reported as a crash."""


def _never() -> bool:
    return False


def refused(error: Exception) -> bool:
    """Whether it is the system that would not give an artifact. (The gzip module's complaints are OSErrors, too.)"""
    return isinstance(error, OSError) and error.errno is not None


@attrs.frozen
class Work:
    """From one artifact to its enriched, encoded rows. Pickles if the chain does.

    An error of the chain is one of the artifact, and what came before it counts: `ArtifactFailed`. But some errors
    would be those of every other artifact too, and end the collection with `CollectionFailed`: no memory is left, a
    file of ours cannot be written, or the chain ends in something that is no batch of rows. The last is a mistake of
    the plugin that no artifact can get past: ten thousand failed artifacts would say the same in a worse way.
    """

    chain: Operator[Artifact, Batch[Row]]
    table: str
    partition: str
    index: str | None
    source_type: str
    ingested: datetime
    """When the run began: ``tp_ingest_timestamp`` of all its rows."""
    directory: Path
    """Where part files go, absolute."""
    chunk_rows: int
    storage: Storage = DISK

    def run(
        self,
        artifact: Artifact,
        emit: Callable[[Item], object],
        stopping: Callable[[], bool] = _never,
    ) -> None:
        """Hand the facts about *artifact* to *emit*, batch by batch, the end of it included.

        Between batches, and each second in which the chain waits, *stopping* is asked whether to leave it. An error of
        *emit* is raised as it is. Raises `CollectionFailed`.
        """
        here = threading.get_ident()
        one_at_a_time = threading.RLock()  # a chain may emit on a thread of its own while this one ticks
        raised: list[BaseException] = []
        failure, interrupted, opened = "", False, True
        received = enriched = quarantined = 0
        prefix = functools.lru_cache(1)(  # by the archive member, of which there is one at a time
            functools.partial(identity, self.source_type, artifact.metadata.get("tp_source_name", ""), artifact.name)
        )
        fixed = constants(
            table=self.table,
            partition=self.partition,
            source_type=self.source_type,
            artifact=artifact,
            ingested=self.ingested,
        )

        def say(item: Item) -> None:
            try:
                with one_at_a_time:
                    emit(item)
            except BaseException as error:
                leave(error)

        def leave(error: BaseException | None = None) -> NoReturn:
            nonlocal interrupted
            if error is not None:
                raised.append(error)
            elif not failure:
                interrupted = True
            raise Left if threading.get_ident() == here else LeftElsewhere

        def on_next(batch: Batch[Row] | Tick) -> None:
            nonlocal received, enriched, quarantined, failure
            if isinstance(batch, Tick):
                say(batch)
            else:
                try:
                    lines, rows, rejected = self._press(batch, prefix, fixed)
                except CollectionFailed as error:
                    leave(error)
                except Exception as error:  # not foreseen, but no reason to give up the other artifacts
                    failure = describe(error)
                    leave()
                received, enriched, quarantined = (
                    received + batch.received,
                    enriched + rows,
                    quarantined + len(rejected),
                )
                if rejected:
                    kept = quarantine_lines(
                        self.table, self.partition, artifact, batch.member, rejected, datetime.now(UTC)
                    )
                    say(Quarantined(artifact, len(rejected), shortened(rejected[0]), kept, len(kept)))
                if rows:
                    say(Encoded(artifact, rows, lines, len(lines)))
                say(Counted(artifact, batch.received, rows, len(rejected)))
            if stopping():
                leave()

        def on_wait() -> None:
            say(TICK)
            if stopping():
                leave()

        try:
            say(Begun(artifact))
            chain: Any = self.chain
            drain(chain(pull(lambda: (artifact,))), on_next, inside=True, on_wait=on_wait)
        except (Left, LeftElsewhere):
            if raised:
                raise raised[0] from None
        except MemoryError as error:
            raise CollectionFailed(f"out of memory in {artifact.name}") from error
        except CollectionFailed:
            raise
        except Exception as error:
            failure = describe(error)
            opened = received > 0 or not refused(error)
        if interrupted:
            emit(ArtifactFailed(artifact, "interrupted; the rest of it was not read", enriched))
        elif failure:
            emit(ArtifactFailed(artifact, failure, enriched, opened))
        else:
            emit(ArtifactExtracted(artifact, received, enriched, quarantined))

    def _press(self, batch: Any, prefix: Callable[[str], str], fixed: Any) -> tuple[bytes, int, tuple[Any, ...]]:
        if not isinstance(batch, Batch):
            raise CollectionFailed(
                f"table {self.table}: its chain ends in {type(batch).__name__}, not in batches of rows; end it in an "
                "extractor that takes a row class, such as ops.json_lines(MyRow)"
            )
        try:
            return press(batch, prefix(batch.member), fixed, self.index)
        except MemoryError as error:
            raise CollectionFailed("out of memory while a batch of rows was encoded") from error
        except TypeError as error:
            raise CollectionFailed(f"table {self.table}: {error}") from error

    def to_parts(self, artifact: Artifact, token: str) -> list[Item]:
        """The same in a worker: rows go to files ``<token>-<k>.part`` of at most a chunk's rows, facts come back.

        Where the directory is not there, since the worker runs on another machine, the facts hold the bytes: then all
        rows of the artifact are in memory at once, there and here.
        """
        if not self.directory.is_dir():
            facts: list[Item] = []
            self.run(artifact, facts.append)
            return facts
        parts = Parts(self.storage, artifact, self.directory, token, self.chunk_rows)
        try:
            self.run(artifact, parts.add, self._abandoned)
            return parts.finish()
        except BaseException:
            parts.discard()
            raise

    def abandon(self) -> None:
        """Let whoever works on an executor leave at the next batch: nobody waits for the facts any more."""
        with contextlib.suppress(OSError):  # then they work in vain, which does no harm
            self.storage.remove(self.directory / OWNER)

    def _abandoned(self) -> bool:
        """Whether the run is gone. A file says so, since threads, processes and anybody's executors see it."""
        return not os.path.exists(self.directory / OWNER)
