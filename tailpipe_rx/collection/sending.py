"""Sending the work to another process: once, checked before anything starts, with an error that says what and where."""

from __future__ import annotations

import functools
import inspect
import io
import os
import pickle
import sys
from types import FunctionType
from typing import Any

import attrs

from ..errors import NotPicklable
from ..events import Artifact
from .facts import Item
from .work import Work


@attrs.frozen
class Packed:
    """`Work.to_parts` of a work that is pickled already. A worker unpacks it once, however many artifacts come."""

    payload: bytes = attrs.field(repr=False)

    def __call__(self, artifact: Artifact, token: str) -> list[Item]:
        return _unpacked(self.payload).to_parts(artifact, token)

    @property
    def needs_main(self) -> bool:
        """Whether it refers to the program's main script."""
        return _reference(b"__main__") in self.payload


def _reference(module: bytes) -> bytes:
    """How a pickle says the name of a module: as a short string."""
    return b"\x8c" + bytes([len(module)]) + module


@functools.lru_cache(4)
def _unpacked(payload: bytes) -> Work:
    work: Work = pickle.loads(payload)
    return work


def packed(work: Work) -> Packed:
    """*work* ready to be sent.

    Raises `NotPicklable`, naming the function or class that a worker could not import, and where it is written.
    """
    out = io.BytesIO()
    pickler = _Pickler(out, protocol=5)
    try:
        pickler.dump(work)
    except NotPicklable:
        raise
    except Exception as error:  # whatever the author's own __reduce__ raises
        raise NotPicklable(
            f"table {work.table}: {work.chain!r} cannot be sent to a worker process ({error}); "
            "make it of values that pickle, or collect with workers=0 (--workers 0)"
        ) from error
    return Packed(out.getvalue())


class _Pickler(pickle.Pickler):
    """Looks at each function and class before pickle does, whose own errors do not say where it is written."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, FunctionType | type):
            reason = _not_importable(obj)
            if reason:
                kind = "class" if isinstance(obj, type) else "function"
                raise NotPicklable(
                    f"the {kind} {obj.__qualname__}{_place(obj)} cannot be sent to a worker process: {reason}; "
                    "or collect with workers=0 (--workers 0)"
                )
        return NotImplemented


def _not_importable(obj: Any) -> str:
    """Why a worker could not import a function or class, and what to do; empty if it can."""
    name, module = obj.__qualname__, obj.__module__
    if "<lambda>" in name:
        return "it is a lambda; write it as a function with a name at the top level of a module"
    if "<locals>" in name:
        return "it is defined inside a function; move it to the top level of its module"
    if module == "__main__" and not hasattr(sys.modules["__main__"], "__file__"):
        return "it is defined in this session, where no other process can find it; put it in a file and import that"
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not obj and obj.__class__.__module__ != "builtins" and module is None:
        return ""
    if found is None and module != "builtins":
        return f"there is no {name} in module {module}; give it the name under which it is to be found there"
    return ""


def _place(obj: Any) -> str:
    """`` (hello.py:12)``, where that is known."""
    try:
        file = inspect.getsourcefile(obj) or ""
        line = obj.__code__.co_firstlineno if isinstance(obj, FunctionType) else inspect.getsourcelines(obj)[1]
    except (OSError, TypeError):
        return ""
    return f" ({os.path.basename(file)}:{line})"
