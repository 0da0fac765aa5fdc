"""Runs what is in the documents: blocks of shell and of Python, in a directory that looks like the project's."""

import inspect
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path

import attrs
import pytest

from tailpipe_rx.testing import marbles

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {
    ".venv/bin/tailpipe-rx": [sys.executable, "-m", "tailpipe_rx"],
    ".venv/bin/python": [sys.executable],
}


@attrs.frozen
class Block:
    """A fenced block, and where it is."""

    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    text = document.read_text()
    return [Block(document, text.count("\n", 0, m.start()) + 2, m[1], m[2]) for m in FENCE.finditer(text)]


def links(document: Path) -> list[str]:
    """What a document links to."""
    return re.findall(r"\]\(([^)]+)\)", document.read_text())


def project(place: Path) -> Path:
    """A directory like the project's, to write into: with the examples, and with somebody's logs."""
    (place / "examples").symlink_to(ROOT / "examples")
    (place / "YOUR").mkdir()
    (place / "YOUR" / "LOGS").symlink_to(ROOT / "examples" / "logs" / "AWSLogs")
    return place


def run_python(*given: Block) -> None:
    """Run blocks of Python, in one module; tests in it are called."""
    module = types.ModuleType("shown_in_a_document")
    scope = module.__dict__
    sys.modules[module.__name__] = module  # where annotations and pickles look for what is defined in it
    try:
        for block in given:
            # lines are those of the document, so that a traceback points into it
            exec(compile("\n" * (block.line - 1) + block.text, str(block.document), "exec"), scope)
        for name, value in list(scope.items()):
            if name.startswith("test_"):
                value(*[marbles] * len(inspect.signature(value).parameters))
    finally:
        del sys.modules[module.__name__]


def run_shell(block: Block) -> None:
    """Run a block of shell, a command a line. What `make` does is only looked up, and DuckDB is the library."""
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "make":
            target = next(word for word in words[1:] if "=" not in word)
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"{block}: {line}"
        elif words[:2] == ["duckdb", "-c"]:
            duckdb = pytest.importorskip("duckdb", reason="reads the rows with DuckDB, which is not installed")
            assert duckdb.sql(words[2]).fetchall(), f"{block}: {line} finds nothing"
        else:
            assert words[0] in PROGRAMS, f"{block}: nobody knows how to test {line}"
            command = [*PROGRAMS[words[0]], *words[1:]]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, f"{block}: {line}\n{ran.stdout}{ran.stderr}"
