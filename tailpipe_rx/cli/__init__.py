"""The command line. What is not needed for ``--help`` is imported on first use."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from ..plugin import Plugin

__all__ = ["main"]


def main(args: Sequence[str] | None = None, *, plugin: Plugin | None = None) -> NoReturn:
    """Run the command line and exit. *args* default to those of the process; *plugin*'s tables are offered too."""
    if sys.platform == "win32":
        print("error: tailpipe-rx runs on Linux and macOS; on Windows, run it inside WSL", file=sys.stderr)
        sys.exit(2)
    _make_streams_safe()
    from .app import run

    sys.exit(run(args, plugin))


def _make_streams_safe() -> None:
    """Neither a closed stream nor an encoding that lacks a character is a reason to fail."""
    if sys.stdout is None:  # started with >&-
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr does
