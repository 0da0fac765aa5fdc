"""The command line as a user runs it: a process of its own, and logs that every test can make."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

import pytest

ROOT = Path(__file__).parents[2]
HELLO = dedent(
    '''
    """Greetings, one a line."""
    import os
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


    def meet(line: str) -> None:
        """A line `… wait` goes on when the test has opened one FIFO after the other."""
        if line.endswith(" wait"):
            open(os.environ["HERE"], "wb").close()
            open(os.environ["GO_ON"], "rb").close()


    greetings = Table(
        "hello_greeting",
        ops.pipe(ops.load(), ops.lines(), ops.do_action(meet), ops.regex(r"(?P<at>\\S+) (?P<name>.+)", Greeting)),
    )
    '''
)

Run: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: the package is found, and nothing of the developer's own shows."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM")}
    return {**kept, "PYTHONPATH": str(ROOT), **(extra or {})}


def command(*args: object) -> list[str]:
    return [sys.executable, "-m", "tailpipe_rx", *map(str, args)]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command line with these arguments in a directory of its own."""

    def run(*args: object, prefix: tuple[str, ...] = (), **more: Any) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [*prefix, *command(*args)],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **more,
        )
        assert "Traceback" not in ran.stderr
        return ran

    return run


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A plugin file."""
    file = tmp_path / "hello.py"
    file.write_text(HELLO)
    return file


def greetings(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"2026-01-02T03:04:05Z {name}\n" for name in names))
    return path


def cloudtrail(path: Path, records: int, **change: Any) -> Path:
    """A CloudTrail file of so many records; `eventTime=None` leaves the column out of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = [
        {
            "eventVersion": "1.08",
            "eventTime": "2026-01-02T03:04:05Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.7",
            "eventID": f"{i:08x}-0000-4000-8000-000000000000",
            "eventType": "AwsApiCall",
            "recipientAccountId": "000000000000",
        }
        for i in range(records)
    ]
    for key, value in change.items():
        found[0].pop(key)
        if value is not None:
            found[0][key] = value
    path.write_bytes(gzip.compress(json.dumps({"Records": found}).encode(), mtime=0))
    return path
