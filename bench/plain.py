"""The yardstick when no other is at hand: what one writes with the standard library alone.

usage: python plain.py cloudtrail IN_DIR OUT_FILE

One process, one pass, a record after the other: gunzip, parse, columns in snake case, `tp_` columns, JSON Lines. All
fields of a record are written, those no column is known for as columns of their own.
"""

import gzip
import json
import re
import sys
from datetime import UTC, datetime
from hashlib import blake2b
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TextIO

WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
KNOWN: dict[str, str] = {}


def snake(key: str) -> str:
    """`sourceIPAddress` is `source_ip_address`."""
    if key not in KNOWN:
        KNOWN[key] = WORD.sub("_", key).lower()
    return KNOWN[key]


def renamed(value: Any) -> Any:
    """Objects in objects with all their keys in snake case; lists stay as they are."""
    if isinstance(value, dict):
        return {snake(key): renamed(item) for key, item in value.items()}
    return value


def address(text: str | None) -> str | None:
    try:
        return text if text and ip_address(text) else None
    except ValueError:
        return None


def cloudtrail_row(record: dict[str, Any]) -> dict[str, Any]:
    row = {snake(key): value for key, value in record.items()}
    who = row["user_identity"] = renamed(row.get("user_identity") or {})
    row["tls_details"] = renamed(row.get("tls_details"))
    session = (who.get("session_context") or {}).get("attributes") or {}
    if session.get("creation_date"):
        session["creation_date"] = int(datetime.fromisoformat(session["creation_date"]).timestamp() * 1000)
    when = datetime.fromisoformat(record["eventTime"]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    row["tp_timestamp"], row["tp_date"] = when, when[:10]
    row["tp_source_ip"] = source = address(record.get("sourceIPAddress"))
    row["tp_ips"] = [source] if source else []
    row["tp_akas"] = [resource["ARN"] for resource in record.get("resources") or () if "ARN" in resource]
    names = who.get("access_key_id"), who.get("user_name")
    row["tp_usernames"] = [name for name in names if name and not name.startswith("ASIA")]
    row["tp_index"] = record.get("recipientAccountId") or "default"
    return row


def cloudtrail(directory: str, out: TextIO) -> None:
    constant = {
        "tp_table": "aws_cloudtrail_log",
        "tp_partition": "bench",
        "tp_source_type": "file",
        "tp_ingest_timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for path in sorted(Path(directory).glob("*.gz")):
        prefix = blake2b(str(path).encode(), digest_size=8).hexdigest()
        with gzip.open(path) as file:
            records = json.load(file)["Records"]
        for number, record in enumerate(records):
            row = cloudtrail_row(record)
            row |= constant
            row["tp_id"], row["tp_source_location"] = f"{prefix}-{number:08x}", str(path)
            out.write(json.dumps(row, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    kind, folder, target = sys.argv[1:]
    if kind != "cloudtrail":
        sys.exit(f"no such kind: {kind}")
    with open(target, "w", encoding="utf-8") as sink:
        cloudtrail(folder, sink)
