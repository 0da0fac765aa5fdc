"""A plugin: tables and sources under a name; running it, and importing one from a file."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import attrs

from .collection.collection import Collection
from .collection.worker import IN_WORKER
from .errors import PluginError, UsageError
from .events import CollectRequest, Rejected, Window
from .rows.row import Row
from .sources.source import Source
from .table import Table

if TYPE_CHECKING:
    from reactivex import Observable

__all__ = ["Plugin", "Table", "collect", "import_plugin", "is_importing"]

_importing: Final[ContextVar[bool]] = ContextVar("importing", default=False)
"""A plugin is being imported."""


def is_importing() -> bool:
    """Whether this code runs because a plugin is being imported, here or in a worker process."""
    return _importing.get() or IN_WORKER in os.environ


def _names_differ(plugin: Plugin, _: Any, tables: Sequence[Table[Any]]) -> None:
    names = [table.name for table in tables]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"plugin {plugin.name!r} has two tables named {name!r}; give one of them another name")


def _tables(tables: Iterable[Table[Any]]) -> tuple[Table[Any], ...]:
    return tuple(tables)


def _sources(sources: Iterable[type[Source]]) -> tuple[type[Source], ...]:
    return tuple(sources)


@attrs.frozen
class Plugin:
    """What a plugin offers. The sources are classes: whoever collects gives the arguments.

    >>> Plugin("acme").tables
    ()
    """

    name: str
    tables: tuple[Table[Any], ...] = attrs.field(default=(), converter=_tables, validator=_names_differ)
    sources: tuple[type[Source], ...] = attrs.field(default=(), converter=_sources)

    def table(self, name: str | None = None) -> Table[Any]:
        """The table of that *name*; without a name, the only one. Raises `UsageError`."""
        if name is None and len(self.tables) == 1:
            return self.tables[0]
        for table in self.tables:
            if table.name == name:
                return table
        has = ", ".join(table.name for table in self.tables) or "no tables"
        if name is None:
            raise UsageError(f"plugin {self.name!r} has not one table but: {has}; say which with table=…")
        raise UsageError(f"plugin {self.name!r} has no table {name!r}; it has: {has}")

    def rows(
        self,
        location: str | Path,
        table: str | None = None,
        on_rejected: Callable[[Rejected], object] | None = None,
    ) -> Iterator[Any]:
        """The rows of a file, a directory or a glob: for a notebook, where a running event loop does no harm.

        *table* may be left out where there is only one. *on_rejected* is called with each record that does not become
        a row; without it the first one raises `RejectedRecord`.
        """
        rows: Iterator[Any] = self.table(table).rows(location, on_rejected)
        return rows


def collect(
    table: Table[Row],
    source: Source,
    *,
    into: str | Path,
    partition: str = "default",
    index: str | None = None,
    window: Window = Window(),  # noqa: B008  # frozen
    executor: Executor | None = None,
    workers: int = 0,
    max_in_flight: int = 8,
    chunk_rows: int = 10_000,
    execution_id: str | None = None,
    stop: Observable[Any] | None = None,
    initializer: Callable[[], object] | None = None,
) -> Collection:
    """Collect the artifacts of *source* as rows of *table* into chunks in the directory *into*.

    Nothing happens before the `Collection` is subscribed to or iterated over; leaving the loop stops it cleanly.

    *window* is handed to the source, which may leave out artifacts by it (`FileSource` does not), never rows.
    *index* is the column that fills ``tp_index``. *executor* is any ``concurrent.futures.Executor`` and stays the
    caller's; *workers* >= 1 works in so many processes instead, 0 in this one. At most *max_in_flight* artifacts are
    worked on at a time on either. *initializer* is called first in each of the *workers*: for a table that
    `import_plugin` gave, ``functools.partial(import_plugin, spec)``. When *stop* emits, no further artifact is begun
    and the open chunk is finished.
    """
    request = CollectRequest(
        table=table.name,
        into=Path(into),
        partition=partition,
        execution_id=execution_id or "",
        window=window,
        index=index,
        chunk_rows=chunk_rows,
    )
    return Collection(source, table.extract, request, executor, workers, max_in_flight, stop, initializer=initializer)


# --- plugins from files ---------------------------------------------------------------------------------------------


def import_plugin(spec: str) -> Plugin:
    """The plugin in a file (``path/to/hello.py``) or in a module that can be imported (``acme.plugin``).

    It is the `Plugin` at module level; a module that defines only tables and sources is a plugin named after it. A file
    becomes a module with a name made from its path, so that what it defines can be sent to a worker process that has
    called this too (``functools.partial(import_plugin, spec)`` pickles). Its folder is on ``sys.path``, at the end, so
    that it can import its neighbours. A second call gives the same plugin.

    Raises `PluginError`: with the line of the author's code if that raises.
    """
    if spec.endswith(".py") or os.sep in spec:
        return _plugin_in(_module_of_file(Path(spec)), spec, Path(spec).stem)
    with _author_errors(spec, None):
        module = importlib.import_module(spec)
    return _plugin_in(module, spec, spec.rpartition(".")[2])


def _module_of_file(path: Path) -> ModuleType:
    file = path.resolve()
    if not file.is_file():
        what = "is a directory" if file.is_dir() else "does not exist"
        raise PluginError(f"plugin {path} {what}; --plugin takes a Python file, or the name of a module")
    name = f"{re.sub(r'[^0-9A-Za-z_]', '_', file.stem)}_{hashlib.blake2b(os.fsencode(file), digest_size=4).hexdigest()}"
    if name in sys.modules:
        return sys.modules[name]
    loader = importlib.util.spec_from_file_location(name, file)
    if loader is None or loader.loader is None:
        raise PluginError(f"plugin {path} is no Python file: its name has to end in .py")
    module = importlib.util.module_from_spec(loader)
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    sys.modules[name] = module
    try:
        with _author_errors(str(path), file):
            loader.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _author_errors(spec: str, file: Path | None) -> Iterator[None]:
    """Whatever the author's code raises while it is imported becomes a `PluginError` that says where."""
    token = _importing.set(True)
    try:
        yield
    except (Exception, SystemExit) as error:
        if file is None and isinstance(error, ModuleNotFoundError) and error.name and f"{spec}.".startswith(error.name):
            raise PluginError(
                f"there is no module {error.name!r} for plugin {spec!r}; --plugin takes the name of a module that can "
                f"be imported, or a Python file ({spec}.py?)"
            ) from error
        what = str(error) if isinstance(error, PluginError) else _what(error)
        raise PluginError(f"plugin {spec} cannot be imported: {_where(error, file)}{what}") from error
    finally:
        _importing.reset(token)


def _what(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def _where(error: BaseException, file: Path | None) -> str:
    """``hello.py:12: ``, the last line of the plugin itself, else of what it imports that is nobody's library."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{os.path.basename(error.filename)}:{error.lineno}: "
    frames = [f for f in traceback.extract_tb(error.__traceback__) if os.path.isabs(f.filename)]
    own = [f for f in frames if file is not None and os.path.dirname(f.filename) == str(file.parent)]
    if not own:
        ours = os.path.dirname(os.path.abspath(__file__))
        library = (ours, os.path.dirname(os.__file__))
        own = [f for f in frames if not f.filename.startswith(library) and "site-packages" not in f.filename]
    return f"{os.path.basename(own[-1].filename)}:{own[-1].lineno}: " if own else ""


def _plugin_in(module: ModuleType, spec: str, name: str) -> Plugin:
    values = list({id(v): v for v in vars(module).values()}.values())
    plugins = [v for v in values if isinstance(v, Plugin)]
    if len(plugins) > 1:
        raise PluginError(
            f"plugin {spec} holds {len(plugins)} plugins ({', '.join(p.name for p in plugins)}); a file holds one"
        )
    if plugins:
        return plugins[0]
    tables = [v for v in values if isinstance(v, Table)]
    own = [v for v in values if isinstance(v, type) and v.__module__ == module.__name__]
    sources: list[type[Source]] = [v for v in own if issubclass(v, Source)]
    if tables or sources:
        return Plugin(name, tables, sources)
    found = ", ".join(f"the {'row ' if issubclass(v, Row) else ''}class {v.__name__}" for v in own) or "neither"
    raise PluginError(
        f"plugin {spec} holds no Plugin, Table or Source at module level (found: {found}); "
        f'a table is: hello = Table("hello_greeting", ops.pipe(…))'
    )
