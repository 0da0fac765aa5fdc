"""README.md: what it shows runs, in the order in which it is shown."""

from pathlib import Path

import pytest
from documents import ROOT, blocks, links, project, run_python, run_shell

README = ROOT / "README.md"


def test_what_is_shown_runs_in_the_order_in_which_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project(tmp_path))
    for block in blocks(README):
        if block.language == "python":
            run_python(block)
        elif block.language == "sh":
            run_shell(block)
    printed = capsys.readouterr().out
    assert "chunk 0: 52 rows\n" in printed
    assert printed.endswith("\n52\n")
    assert len(list(tmp_path.glob("my-rows/*.jsonl"))) == len(list(tmp_path.glob("greetings/*.jsonl"))) == 1


def test_the_first_commands_are_demo_and_test() -> None:
    first = next(block for block in blocks(README) if block.language == "sh")
    assert [line.split("#")[0].split() for line in first.text.splitlines()] == [["make", "demo"], ["make", "test"]]


def test_the_plugin_that_is_shown_is_the_example() -> None:
    assert (ROOT / "examples" / "hello.py").read_text() in [block.text for block in blocks(README)]


def test_every_block_says_what_language_it_is_in() -> None:
    assert {block.language for block in blocks(README)} == {"python", "sh", "text"}


def test_links_lead_somewhere() -> None:
    for link in links(README):
        path, _, anchor = link.partition("#")
        if link.startswith("https://"):
            continue
        assert (ROOT / path).exists(), link
        if anchor:
            headings = [line.strip("# ").lower().replace(" ", "-") for line in (ROOT / path).read_text().splitlines()]
            assert anchor in headings, link


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    from tailpipe_rx.cli import outcome

    codes = {value for name, value in vars(outcome).items() if name.isupper() and isinstance(value, int)}
    codes -= {outcome.SHOWN}
    said = README.read_text().partition("## Exit codes")[2].partition("## ")[0]
    rows = [line.split("|")[1] for line in said.splitlines() if line.startswith("| ")][1:]
    assert {int(code) for row in rows for code in row.split(",")} == codes
