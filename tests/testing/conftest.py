"""A pytest inside of pytest, for what the plugin prints."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

PLUGIN = "tailpipe_rx.testing.plugin"


@pytest.fixture
def run_pytest(tmp_path: Path) -> Callable[[str], str]:
    """Run a test module in a pytest of its own, and give what it prints."""

    def run(text: str) -> str:
        (tmp_path / "test_inside.py").write_text(text)
        installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "--rootdir", str(tmp_path)]
        if not installed:
            command += ["-p", PLUGIN]
        ran = subprocess.run([*command, "test_inside.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.stderr == ""
        return ran.stdout

    return run
