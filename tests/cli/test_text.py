"""What comes from outside is harmless on a terminal."""

import os
from pathlib import Path

import pytest

from tailpipe_rx.cli.text import place, safe, tail


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain – “quoted” 日本.log", "plain – “quoted” 日本.log"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u2028\u200b\ufeff", "\\u2028\\u200b\\ufeff"),
        ("\udcff", "\\udcff"),
        ("\U000e0001", "\\U000e0001"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(given: str, shown: str) -> None:
    assert safe(given) == shown


def test_a_path_below_the_current_directory_is_shown_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert place(tmp_path / "logs" / "a.log") == os.path.join("logs", "a.log")
    assert place("/elsewhere/a.log") == "/elsewhere/a.log"
    assert place("s3://bucket/a.log") == "s3://bucket/a.log"


def test_a_wide_name_is_cut_by_columns_not_characters() -> None:
    assert tail("日本日本.log", 8) == "…本.log"
    assert tail("日本日本.log", 7) == "…本.log"
    assert tail("日本日本.log", 6) == "….log"
