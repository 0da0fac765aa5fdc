"""Rooms: a module imports only from rooms above its own, and heavy libraries only where they are used."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "tailpipe_rx"
ROOMS = [
    *(
        "errors",
        "events",
        "storage",
        "patterns",
        "operators",
        "sources",
        "loaders",
        "rows",
        "extractors",
        "ops",
        "table",
    ),
    *("collection", "plugin", "tables", "testing", "cli", "__main__", "__init__"),
]
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    return module.split(".")[0] if module else "__init__"


def name_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file: Path) -> Iterator[tuple[int, str, bool]]:
    """Of each import: the line, what is imported from this package or from elsewhere, and whether it is at the top."""
    tree = ast.parse(file.read_text())
    package = list(file.relative_to(PACKAGE.parent).parts[:-1])
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    inside = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, id(node) not in inside
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).rstrip(".")
            folder = PACKAGE.parent.joinpath(*module.split("."))
            for alias in node.names:
                whole = module == "tailpipe_rx" or (folder / f"{alias.name}.py").is_file()  # from .. import ops
                yield node.lineno, f"{module}.{alias.name}" if whole else module, id(node) not in inside


@pytest.mark.parametrize("file", MODULES, ids=[name_of(file) or "tailpipe_rx" for file in MODULES])
def test_a_module_imports_only_from_rooms_above_its_own(file: Path) -> None:
    own = room_of(name_of(file))
    assert own in ROOMS, f"tailpipe_rx/{own} is in no room: say in ROOMS where it belongs"
    below = []
    for line, module, _ in imports(file):
        if module.startswith("tailpipe_rx."):
            room = room_of(module.removeprefix("tailpipe_rx."))
            if room in ROOMS and ROOMS.index(room) > ROOMS.index(own):
                below.append(f"{file.name}:{line} imports {module}")
    assert below == []


@pytest.mark.parametrize("file", MODULES, ids=[name_of(file) or "tailpipe_rx" for file in MODULES])
def test_what_few_need_is_imported_on_first_use(file: Path) -> None:
    """gRPC is known in ``rpc`` alone, boto3 in the modules of AWS sources, pytest in its plugin."""
    heavy = {"grpc", "google", "boto3", "botocore", "duckdb", "distributed", "hypothesis", "pytest"}
    allowed = {"testing.plugin": {"pytest"}}.get(name_of(file), set())
    at_the_top = {module.split(".")[0] for _, module, top in imports(file) if top}
    assert at_the_top & heavy <= allowed


def test_a_module_fits_on_a_few_screens() -> None:
    long = {name_of(file): lines for file in MODULES if (lines := file.read_text().count("\n")) > 300}
    assert long == {}


@pytest.mark.parametrize("asked", ["tailpipe_rx", "tailpipe_rx.ops", "tailpipe_rx.testing", "tailpipe_rx.cli"])
def test_importing_loads_nothing_that_is_not_needed_yet(asked: str) -> None:
    code = f"import sys, {asked}; print(*{{name.split('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()).isdisjoint({"grpc", "boto3", "botocore", "duckdb", "pytest", "hypothesis"})


def test_no_two_modules_need_each_other() -> None:
    """Not in a circle of several either, and not by an import inside a function."""
    names = {name_of(file) for file in MODULES} - {"", "__init__"}
    arrows = {
        name_of(file): {
            next((n for n in (found, found.rpartition(".")[0]) if n in names), "")
            for _, module, _ in imports(file)
            if (found := module.removeprefix("tailpipe_rx.")) != module
        }
        for file in MODULES
        if name_of(file) in names
    }
    while leaves := {name for name, needed in arrows.items() if not needed & arrows.keys() - {name}}:
        arrows = {name: needed for name, needed in arrows.items() if name not in leaves}
    assert not arrows, f"these need each other: {', '.join(sorted(arrows))}"
