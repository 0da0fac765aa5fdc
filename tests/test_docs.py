"""docs/: what they show runs, and what they name is there."""

import re
from pathlib import Path

import pytest
from documents import ROOT, blocks, links, project, run_python, run_shell

DOCS = sorted((ROOT / "docs").glob("*.md"))
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PACKAGE = ROOT / "tailpipe_rx"


@pytest.mark.parametrize("document", DOCS, ids=[path.stem for path in DOCS])
def test_what_is_shown_runs(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    # what the text speaks of as somebody's own
    record = '{"loggedInAt":"2026-01-02T03:04:05Z","sessionID":"s1","client":{"userName":"ada","shell":"zsh"}}\n'
    (tmp_path / "YOUR" / "logins.jsonl").write_text(record)
    pages = [block for block in blocks(document) if block.language == "python"]
    if any("import duckdb" in block.text for block in pages):
        pytest.importorskip("duckdb", reason="reads the rows with DuckDB, which is not installed")
    run_python(*pages)
    for block in blocks(document):
        if block.language == "sh":
            run_shell(block)


@pytest.mark.parametrize("document", DOCS, ids=[path.stem for path in DOCS])
def test_links_lead_somewhere(document: Path) -> None:
    headings = [line.strip("# ").lower().replace(" ", "-") for line in document.read_text().splitlines()]
    for link in links(document):
        path, _, anchor = link.partition("#")
        assert (document.parent / path).exists(), link
        assert path or anchor in headings, link


def test_every_module_has_its_place_in_the_architecture() -> None:
    rooms = ARCHITECTURE.read_text().partition("## Rooms")[2].partition("## Names")[0]
    named: dict[str, set[str]] = {}
    room = ""
    for line in rooms.splitlines():
        if line.startswith("| ") and not line.startswith("| room"):
            first, modules = line.split("|")[1:3]
            room = first.strip().strip("`") or room
            named.setdefault(room, set()).update(re.findall(r"`([\w/]+)`", modules))
    there: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        if file.stem not in ("__init__", "__main__"):
            first, *rest = file.relative_to(PACKAGE).with_suffix("").parts
            there.setdefault(f"{first}/" if rest else f"{first}.py", set()).update(["/".join(rest)] if rest else [])
    assert named == there


def test_every_test_that_the_architecture_names_exists() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    names = re.findall(r"`(test_\w+)`", ARCHITECTURE.read_text())
    assert len(names) > 20
    assert [name for name in names if f"def {name}(" not in tests] == []


def test_every_operator_is_explained_to_authors() -> None:
    from tailpipe_rx import ops

    text = (ROOT / "docs" / "plugins.md").read_text()
    assert [name for name in ops.__all__ if f"ops.{name}" not in text] == []


def test_every_event_and_common_column_is_explained() -> None:
    from tailpipe_rx import Event
    from tailpipe_rx.rows.schema import COMMON

    text = (ROOT / "docs" / "formats.md").read_text()
    assert [event.__name__ for event in Event.__subclasses__() if f'"{event.__name__}"' not in text] == []
    assert [column.name for column in COMMON if f"`{column.name}`" not in text] == []
