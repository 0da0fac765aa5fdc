"""The exceptions, sorted by what the caller should do.

::

    TailpipeError                  everything below; the text says what, where and what to do
    ├── UsageError                 ask differently: a name, an argument or a place is wrong
    │   ├── PluginError            a plugin file cannot be imported, or holds no table
    │   ├── NotPicklable           a row class or function cannot be sent to a worker
    │   └── DirectoryInUse         the directory belongs to another table, or to a finished run
    ├── AlreadyRunning             wait: this collection is being run by somebody else right now
    ├── ArtifactError              one artifact cannot be read (further); the others can
    │   ├── Truncated              it ends too early: come back when it is whole
    │   ├── Corrupt                it is damaged: its bytes are not what its format allows
    │   └── Unrecognised           no extractor of the chain knows it
    ├── RecordError                one record is no row; it goes to the quarantine
    │   └── RejectedRecord         …and was met where there is no quarantine (`ops.rows`)
    └── CollectionFailed           the run ended with an error (only raised where there is no event to say so)

Errors of one record and of one artifact are *elements* of a collection (`RowsQuarantined`, `ArtifactFailed`); only
what breaks the collection itself ends it.
"""

from __future__ import annotations

import os
import traceback

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class TailpipeError(Exception):
    """The root of all exceptions of this package."""


class UsageError(TailpipeError):
    """What was asked for cannot be done; asking again in the same words does not help."""


class PluginError(UsageError):
    """A plugin cannot be imported, or holds neither tables nor sources."""


class NotPicklable(UsageError):
    """A row class, function or operator cannot be sent to a worker process."""


class DirectoryInUse(UsageError):
    """The directory holds the rows of another table or partition, or those of an earlier run."""


class AlreadyRunning(TailpipeError):
    """A `Collection` is subscribed to while it runs. `ops.share` is how two observers see one run."""


class ArtifactError(TailpipeError):
    """An artifact cannot be read, or not to its end. What came before the damage is delivered."""


class Truncated(ArtifactError):
    """An artifact ends before its format says that it may."""


class Corrupt(ArtifactError):
    """The bytes of an artifact are not what its format allows."""


class Unrecognised(ArtifactError):
    """None of the forms an extractor knows is the form of this artifact."""


class RecordError(TailpipeError, ValueError):
    """A record does not become a row. Raise it, or any exception, in an extractor to reject one record."""


class RejectedRecord(RecordError):
    """A record was rejected in a stream that has no quarantine to keep it."""


class CollectionFailed(TailpipeError):
    """A collection ended with an error, in a place where nobody sees its events."""


def describe(error: BaseException) -> str:
    """One line for people: what went wrong and, if it went wrong in somebody's own code, where.

    >>> describe(KeyError("user"))
    "KeyError: 'user'"
    >>> describe(RecordError("no time"))
    'no time'
    """
    text = " ".join(str(error).split())
    if not isinstance(error, TailpipeError | OSError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_somebodys_own(frame.filename)]
    if own and not isinstance(error, RecordError | ArtifactError):
        text += f" ({os.path.basename(own[-1].filename)}:{own[-1].lineno}, in {own[-1].name})"
    return text


def _is_somebodys_own(filename: str) -> bool:
    """Neither this package, nor a library, nor generated code."""
    libraries = (_PACKAGE, "<", os.path.dirname(os.__file__))
    return not filename.startswith(libraries) and f"{os.sep}site-packages{os.sep}" not in filename
