"""A chain in a wrong order is a type error, under mypy --strict and under pyright, at each joint."""

import ast
import functools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TYPING = ROOT / "tests" / "typing"
MARK = "# --- every statement from here on is wrong"

Said = list[tuple[str, int, str, str]]
"""Of each message of a checker: the name of the file, the line, the kind, the text."""


def run(*command: str) -> str:
    ran = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.stdout or not ran.stderr, ran.stderr
    return ran.stdout


@functools.cache
def mypy(*files: Path) -> Said:
    out = run("mypy", "--strict", "--no-error-summary", "--no-pretty", *map(str, files))
    # only the name of the file counts: out of mypy's cache comes the directory of an earlier run
    return [
        (Path(name).name, int(line), kind, text)
        for name, line, kind, text in re.findall(r"^(.+?):(\d+): (error|note): (.*)$", out, re.MULTILINE)
    ]


@functools.cache
def pyright(*files: Path) -> Said:
    if reason := no_pyright():
        pytest.skip(reason)
    out = run("pyright", "--outputjson", "--pythonpath", sys.executable, *map(str, files))
    return [
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["severity"], one["message"])
        for one in json.loads(out)["generalDiagnostics"]
    ]


@functools.cache
def no_pyright() -> str:
    """Why pyright cannot run here, or nothing."""
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pyright", "--version"], capture_output=True, text=True, check=False, timeout=120
        )
    except subprocess.TimeoutExpired:
        return "pyright did not start within two minutes; it needs Node.js"
    said = (ran.stdout + ran.stderr).strip().splitlines() or [""]
    return "" if ran.returncode == 0 else f"pyright does not run here; it needs Node.js: {said[-1]}"


CHECKERS = [mypy, pyright]
Checker = Callable[..., Said]

# --- chains with one wrong stage at each joint, for every length ------------------------------------------------------

HEAD = '''
from reactivex import Observable
from reactivex import operators as rx_ops

from tailpipe_rx import Artifact, Batch, Content, Row, ops


class Trail(Row):
    event_name: str


class Stone:
    """What no operator of these chains gives."""


def is_login(row: Trail) -> bool:
    return row.event_name == "ConsoleLogin"


def note(row: Trail) -> None:
    print(row)


def name(row: Trail) -> str:
    return row.event_name


def changes(names: Observable[str]) -> Observable[str]:
    return names.pipe(rx_ops.distinct_until_changed())


def to_trails(source: Observable[Stone]) -> Observable[Batch[Trail]]:
    raise NotImplementedError


def to_names(source: Observable[Stone]) -> Observable[Batch[str]]:
    raise NotImplementedError


def to_lengths(source: Observable[Stone]) -> Observable[Batch[int]]:
    raise NotImplementedError


def to_numbers(source: Observable[Stone]) -> Observable[int]:
    raise NotImplementedError


'''
# each stage, and one that gives the same but takes stones: only the joint before it is wrong
STAGES = [
    ("ops.load()", ""),
    ('ops.json_items("Records", Trail)', "to_trails"),
    ("ops.filter(is_login)", "to_trails"),
    ("ops.do_action(note)", "to_trails"),
    ("ops.map(name)", "to_names"),
    ("ops.map(str.upper)", "to_names"),
    ("ops.unbatched(changes)", "to_names"),
    ("ops.map(len)", "to_lengths"),
    ("ops.rows()", "to_numbers"),
]


def chains(method: bool) -> str:
    """Every chain of 2 to 9 stages with one wrong joint, 36 of them; as a method of a stream its own joint too."""
    pipe = 'FileSource("x").pipe' if method else "ops.pipe"
    out = []
    for length in range(2, 10):
        for joint in range(1, length):
            stages = [right for right, _ in STAGES[:length]]
            stages[joint] = STAGES[joint][1]
            out.append(f"{pipe}({', '.join(stages)})")
    return "\n".join(out)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """All that is checked, so that each checker starts only once."""
    made = tmp_path_factory.mktemp("typing")
    right = "\n".join(f"ops.pipe({', '.join(stage for stage, _ in STAGES[:n])})" for n in range(1, 10))
    (made / "joints_right.py").write_text(f"{HEAD}{right}\n")
    (made / "joints_chain.py").write_text(f"{HEAD}{MARK}\n{chains(method=False)}\n")
    with_source = HEAD.replace("Content, Row", "Content, FileSource, Row")
    (made / "joints_source.py").write_text(f"{with_source}{MARK}\n{chains(method=True)}\n")
    return (TYPING / "right.py", TYPING / "wrong.py", *sorted(made.iterdir()))


def statements(file: Path) -> Iterator[tuple[int, int, str]]:
    """First line, last line and text of each wrong statement."""
    text = file.read_text()
    begin = text[: text.index(MARK)].count("\n") + 1
    for node in ast.parse(text).body:
        if node.lineno > begin and node.end_lineno is not None:
            yield node.lineno, node.end_lineno, ast.unparse(node)


def accepted(said: Said, file: Path) -> list[str]:
    """The wrong statements in *file* that no error is about."""
    lines = [line for name, line, kind, _ in said if name == file.name and kind == "error"]
    return [text for first, last, text in statements(file) if not any(first <= line <= last for line in lines)]


def named(files: tuple[Path, ...], name: str) -> Path:
    return next(file for file in files if file.name == name)


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("name", ["right.py", "joints_right.py"])
def test_right_chains_have_no_error(checker: Checker, name: str, files: tuple[Path, ...]) -> None:
    assert [one for one in checker(*files) if one[0] == name and one[2] == "error"] == []


@pytest.mark.parametrize(("checker", "kind"), [(mypy, "note"), (pyright, "information")])
def test_what_a_chain_is_shown_as(checker: Checker, kind: str, files: tuple[Path, ...]) -> None:
    shown = [re.sub(r"\b(?:\w+\.)+", "", one[3]) for one in sorted(checker(*files)) if one[:3:2] == ("right.py", kind)]
    assert [re.findall(r'is "(.*)"', text)[0] for text in shown] == ["Iterator[Trail]", "Operator[Artifact, int]"]


@pytest.mark.parametrize("checker", CHECKERS)
def test_every_wrong_statement_is_an_error(checker: Checker, files: tuple[Path, ...]) -> None:
    assert accepted(checker(*files), named(files, "wrong.py")) == []


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("name", ["joints_chain.py", "joints_source.py"])
def test_a_wrong_order_is_an_error_at_each_joint_of_every_length(
    checker: Checker, name: str, files: tuple[Path, ...]
) -> None:
    file = named(files, name)
    assert len(list(statements(file))) == 36
    assert accepted(checker(*files), file) == []


def test_mypy_says_at_which_joint_a_chain_of_nine_is_wrong(files: tuple[Path, ...]) -> None:
    """All it says is the name of a type variable: those of `pipe` are named after the joints."""
    last = list(statements(named(files, "joints_chain.py")))[-8:]  # the eight of nine stages, joint by joint
    for joint, (line, _, _) in enumerate(last, 1):
        said = [text for name, at, kind, text in mypy(*files) if (name, at, kind) == ("joints_chain.py", line, "error")]
        assert any(f'"after_{joint}"' in text or f"Argument {joint + 1} " in text for text in said), said
