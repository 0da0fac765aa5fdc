"""What ``make demo`` does: collects the sample logs, shows three of the rows, and says what to type next."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).with_name("tailpipe-rx")
OUT = Path("demo-out")
COLUMNS = ("tp_timestamp", "event_name", "user", "tp_source_ip", "error_message")
# One row of each: they tell more than the first three.
SHOWN = ("RunInstances", "GetObject", "ConsoleLogin")


def user(row: dict[str, Any]) -> str | None:
    """The shortest name that the row has for who acted."""
    who = row.get("user_identity") or {}
    issuer = (who.get("session_context") or {}).get("session_issuer") or {}
    name: str | None = who.get("user_name") or issuer.get("user_name") or who.get("invoked_by") or who.get("type")
    return name


def table(rows: list[dict[str, Any]]) -> str:
    lines = [COLUMNS] + [
        tuple(str((user(row) if name == "user" else row.get(name)) or "-") for name in COLUMNS) for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def main() -> int:
    arguments = ["collect", "aws_cloudtrail_log", "examples/logs/AWSLogs", "--into", str(OUT)]
    shutil.rmtree(OUT, ignore_errors=True)
    print("$ .venv/bin/tailpipe-rx", *arguments, flush=True)
    code = subprocess.run([COMMAND, *arguments]).returncode
    if code != 0:
        return code
    rows = [json.loads(line) for chunk in sorted(OUT.glob("*.jsonl")) for line in chunk.open("rb")]
    rows.sort(key=lambda row: row.get("error_message") is not None)
    by_name = {row["event_name"]: row for row in rows}  # the last one stays: one that failed, where there is one
    print(f"\nThree of the {len(rows)} rows in {OUT}/, with a few of their columns:\n")
    print(table([by_name[name] for name in SHOWN]))
    print(
        "\nNext, your own logs:\n"
        "  .venv/bin/tailpipe-rx collect aws_cloudtrail_log YOUR/LOGS --into my-rows\n"
        "and what every column means:\n"
        "  .venv/bin/tailpipe-rx tables aws_cloudtrail_log"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
