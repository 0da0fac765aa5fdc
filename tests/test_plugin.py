"""Plugins: what they hold, how they are imported, and that what they define reaches worker processes."""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from textwrap import dedent

import pytest

from tailpipe_rx.cli.script import main
from tailpipe_rx.errors import PluginError, RejectedRecord, UsageError
from tailpipe_rx.events import Rejected
from tailpipe_rx.plugin import Plugin, Table, import_plugin
from tailpipe_rx.tables import shipped

HELLO = '''
"""Greetings, one a line."""
from datetime import datetime
from typing import Annotated

from tailpipe_rx import ops
from tailpipe_rx.rows.row import Common, Row
from tailpipe_rx.table import Table


class Greeting(Row):
    """Somebody said hello."""

    at: Annotated[datetime, "When."]
    name: Annotated[str, "Who."]

    def common(self) -> Common:
        return Common(timestamp=self.at, usernames=[self.name])


extract = ops.pipe(ops.load(), ops.lines(), ops.regex(r"(?P<at>\\S+) (?P<name>.+)", Greeting))
greetings = Table("hello_greeting", extract)
'''
SOURCE = """
from tailpipe_rx.events import Artifact
from tailpipe_rx.sources.source import Source

class Empty(Source):
    type = "empty"

    def artifacts(self, window):
        yield from ()
"""


@pytest.fixture(autouse=True)
def _imports_are_undone() -> Iterator[None]:
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if "_rx" not in name:
            del sys.modules[name]


def plugin_file(folder: Path, text: str, name: str = "hello.py") -> str:
    file = folder / name
    file.write_text(dedent(text))
    return str(file)


# --- Plugin ---------------------------------------------------------------------------------------------------------


def test_a_plugin_finds_its_tables_by_name() -> None:
    cloudtrail = shipped()["aws_cloudtrail_log"]()
    plugin = Plugin("acme", tables=[cloudtrail])
    assert plugin.table() is plugin.table("aws_cloudtrail_log") is cloudtrail
    with pytest.raises(UsageError, match=r"plugin 'acme' has no table 'x'; it has: aws_cloudtrail_log"):
        plugin.table("x")


def test_a_plugin_without_one_table_wants_to_know_which() -> None:
    with pytest.raises(UsageError, match=r"plugin 'acme' has not one table but: no tables; say which with table=…"):
        Plugin("acme").table()


def test_two_tables_of_one_name_are_refused() -> None:
    table = shipped()["aws_cloudtrail_log"]()
    with pytest.raises(UsageError, match="two tables named 'aws_cloudtrail_log'"):
        Plugin("acme", tables=[table, table])


def test_plugins_are_values() -> None:
    table = shipped()["aws_cloudtrail_log"]()
    plugin = Plugin("acme", tables=[table])
    assert plugin == Plugin("acme", tables=(table,))
    assert pickle.loads(pickle.dumps(plugin)) == plugin


def test_rows_of_a_file_in_one_call(tmp_path: Path) -> None:
    plugin = import_plugin(plugin_file(tmp_path, HELLO))
    (tmp_path / "a.log").write_text("2026-01-02T03:04:05Z Ada\n2026-01-02T03:04:06Z Bob\n")
    assert [row.name for row in plugin.rows(tmp_path / "a.log")] == ["Ada", "Bob"]


def test_rows_under_a_running_event_loop_as_in_a_notebook(tmp_path: Path) -> None:
    plugin = import_plugin(plugin_file(tmp_path, HELLO))
    (tmp_path / "a.log").write_text("2026-01-02T03:04:05Z Ada\n")

    async def cell() -> list[str]:
        return [row.name for row in plugin.rows(str(tmp_path / "a.log"), "hello_greeting")]

    assert asyncio.run(cell()) == ["Ada"]


def test_rejected_records_are_handed_over_or_are_an_error(tmp_path: Path) -> None:
    plugin = import_plugin(plugin_file(tmp_path, HELLO))
    (tmp_path / "a.log").write_text("what?\n2026-01-02T03:04:05Z Ada\n")
    rejected: list[Rejected] = []
    assert [row.name for row in plugin.rows(tmp_path / "a.log", on_rejected=rejected.append)] == ["Ada"]
    assert [r.raw for r in rejected] == [b"what?"]
    with pytest.raises(RejectedRecord):
        list(plugin.rows(tmp_path / "a.log"))


# --- import_plugin --------------------------------------------------------------------------------------------------


def test_a_file_with_tables_is_a_plugin_named_after_it(tmp_path: Path) -> None:
    plugin = import_plugin(plugin_file(tmp_path, HELLO))
    assert (plugin.name, [table.name for table in plugin.tables]) == ("hello", ["hello_greeting"])


def test_a_file_with_sources_only_is_a_plugin_too(tmp_path: Path) -> None:
    plugin = import_plugin(plugin_file(tmp_path, SOURCE, "acme.py"))
    assert (plugin.name, [source.__name__ for source in plugin.sources]) == ("acme", ["Empty"])


def test_a_plugin_at_module_level_is_taken_as_it_is(tmp_path: Path) -> None:
    more = "\nfrom tailpipe_rx.plugin import Plugin\nplugin = Plugin('acme', tables=[greetings])\n"
    plugin = import_plugin(plugin_file(tmp_path, HELLO + more))
    assert plugin.name == "acme"


def test_a_second_import_gives_the_same_classes(tmp_path: Path) -> None:
    file = plugin_file(tmp_path, HELLO)
    assert import_plugin(file).table().row is import_plugin(file).table().row


def test_files_of_one_name_in_two_folders_are_two_modules(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = import_plugin(plugin_file(tmp_path / "a", HELLO))
    second = import_plugin(plugin_file(tmp_path / "b", HELLO))
    assert first.table().row is not second.table().row


def test_a_file_named_like_a_library_does_not_replace_it(tmp_path: Path) -> None:
    import json

    import_plugin(plugin_file(tmp_path, HELLO, "json.py"))
    assert sys.modules["json"] is json


def test_a_file_imports_its_neighbours(tmp_path: Path) -> None:
    plugin_file(tmp_path, HELLO, "neighbour_of_acme.py")
    plugin = import_plugin(plugin_file(tmp_path, "from neighbour_of_acme import greetings", "acme.py"))
    assert plugin.table().name == "hello_greeting"


def test_a_module_is_imported_by_its_name() -> None:
    assert import_plugin("tailpipe_rx.tables.aws.cloudtrail").name == "cloudtrail"


def row_class_name(table: Table) -> str:  # type: ignore[type-arg]
    return table.row.__qualname__


def test_what_a_plugin_file_defines_reaches_a_worker_that_has_imported_it(tmp_path: Path) -> None:
    plugin_file(tmp_path, HELLO, "neighbour_of_acme.py")
    file = plugin_file(tmp_path, HELLO + "\nimport neighbour_of_acme\n", "acme.py")
    table = import_plugin(file).table("hello_greeting")
    begin = functools.partial(import_plugin, file)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), pickle.loads(pickle.dumps(begin))) as pool:
        assert pool.submit(row_class_name, table).result() == "Greeting"


# --- plugins with mistakes in them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\nimport no_such_thing\n", "bad.py:2: ModuleNotFoundError: No module named 'no_such_thing'"),
        ("def f():\n    return 1 / 0\n\nf()\n", "bad.py:2: ZeroDivisionError: division by zero"),
        ("x = (\n", "bad.py:1: SyntaxError: '(' was never closed"),
        ("import sys\nsys.exit(3)\n", "bad.py:2: SystemExit: 3"),
        (
            "from tailpipe_rx import ops\nops.pipe(ops.lines(), ops.load())\n",
            "bad.py:2: TypeError: load() takes Artifact",
        ),
        (
            "from tailpipe_rx import Plugin, main\nmain(Plugin('x'))\n",
            'bad.py:2: main(plugin) runs while the file is imported; put it under: if __name__ == "__main__":',
        ),
        ("class Nothing: ...\n", "holds no Plugin, Table or Source at module level (found: the class Nothing)"),
        ("", "holds no Plugin, Table or Source at module level"),
        (HELLO.partition("extract =")[0], "(found: the row class Greeting)"),
        ("from tailpipe_rx.plugin import Plugin\na, b = Plugin('a'), Plugin('b')\n", "holds 2 plugins (a, b)"),
    ],
)
def test_a_mistake_in_a_plugin_file_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PluginError) as caught:
        import_plugin(plugin_file(tmp_path, text, "bad.py"))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_a_neighbour_is_said_with_its_line(tmp_path: Path) -> None:
    plugin_file(tmp_path, "\n\n1 / 0\n", "broken_neighbour.py")
    with pytest.raises(PluginError, match=r"broken_neighbour\.py:3: ZeroDivisionError"):
        import_plugin(plugin_file(tmp_path, "import broken_neighbour\n", "bad.py"))


def test_a_file_that_could_not_be_imported_can_be_once_it_is_mended(tmp_path: Path) -> None:
    with pytest.raises(PluginError):
        import_plugin(plugin_file(tmp_path, "1 / 0\n"))
    assert import_plugin(plugin_file(tmp_path, HELLO)).name == "hello"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("no/such/file.py", "plugin no/such/file.py does not exist; --plugin takes a Python file"),
        (os.curdir + os.sep, "is a directory"),
        ("no_such_module", r"there is no module 'no_such_module' for plugin 'no_such_module'.*\(no_such_module.py\?\)"),
        ("tailpipe_rx.nothing", "there is no module 'tailpipe_rx.nothing'"),
    ],
)
def test_a_plugin_that_is_not_there_is_said_to_be_missing(spec: str, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        import_plugin(spec)


# --- main -----------------------------------------------------------------------------------------------------------


def test_main_is_the_command_line_with_the_tables_of_the_plugin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = import_plugin(plugin_file(tmp_path, HELLO))
    with pytest.raises(SystemExit) as ended:
        main(plugin, ["tables"])
    assert ended.value.code == 0
    assert "hello_greeting\tSomebody said hello." in capsys.readouterr().out.splitlines()


def test_a_plugin_file_is_a_program(tmp_path: Path) -> None:
    more = """
from tailpipe_rx import Plugin, main

if __name__ == "__main__":
    main(Plugin("hello", tables=[greetings]))
"""
    file = plugin_file(tmp_path, HELLO + more)
    log = tmp_path / "a.log"
    log.write_text("2026-01-02T03:04:05Z Ada\n")
    for workers in ("0", "1"):
        into = tmp_path / f"out{workers}"
        ran = subprocess.run(
            [sys.executable, file, "collect", "hello_greeting", log, "--into", into, "--workers", workers],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
        assert ran.stderr.startswith("hello_greeting.default: 1 row in ")
