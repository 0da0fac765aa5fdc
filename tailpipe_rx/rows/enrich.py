"""Enrichment and encoding: a batch of rows in, JSON lines out."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final, cast

import msgspec
from msgspec import Raw

from ..events import Artifact, Rejected
from ..operators.elements import Batch
from ..operators.lifted import reject
from .row import Row
from .twins import utc

_encoder: Final = msgspec.json.Encoder()


def identity(source_type: str, source_name: str, artifact: str, member: str = "", generation: int = 0) -> str:
    """The first half of ``tp_id``: 16 hex digits that say where a record lies, whatever collects it.

    >>> identity("file", "", "/var/log/a.json.gz") == identity("file", "", "/var/log/a.json.gz")
    True
    """
    parts = (source_type, source_name, artifact, member, str(generation))
    text = b"\0".join(part.encode(errors="surrogateescape") for part in parts)
    return blake2b(text, digest_size=8).hexdigest()


def constants(*, table: str, partition: str, source_type: str, artifact: Artifact, ingested: datetime) -> Raw:
    """What is the same for all rows of an artifact, encoded once: the value of ``tp_table``, and behind it the others.

    A layout's captures named ``tp_*`` are among them, unless they are for the row to say.
    """
    fixed: dict[str, Any] = {
        "tp_table": table,
        "tp_partition": partition,
        "tp_source_type": source_type,
        "tp_source_name": None,
        "tp_source_location": artifact.name,
        "tp_ingest_timestamp": utc(ingested),
    }
    own = Row.__struct_fields__
    captured = {k: v for k, v in artifact.metadata.items() if k.startswith("tp_") and k not in own}
    fixed |= {k: v for k, v in captured.items() if k not in ("tp_table", "tp_partition", "tp_source_type")}
    text = _encoder.encode({k: _printable(v) for k, v in fixed.items() if v is not None})
    return Raw(text[len(b'{"tp_table":') : -1])


def _printable(value: Any) -> Any:
    """File names need not be UTF-8; what is not is shown as escapes."""
    return value.encode(errors="surrogateescape").decode(errors="backslashreplace") if isinstance(value, str) else value


class _Addresses(dict[str, str | None]):
    """Addresses that were seen: the text if it is one, else None. Bounded by forgetting all."""

    def __missing__(self, text: str) -> str | None:
        if len(self) >= 1 << 16:
            self.clear()
        value = self[text] = text if _is_address(text) else None
        return value


def _is_address(text: str) -> bool:
    try:
        if ":" not in text:  # twenty times faster than ipaddress, and as strict
            socket.inet_pton(socket.AF_INET, text)
        else:
            ipaddress.IPv6Address(text)
    except (OSError, ValueError):
        return False
    return True


_addresses: Final = _Addresses()


def _unique(values: Iterable[str | None]) -> list[str] | None:
    """In order, without repeats and blanks; None if nothing is left."""
    found = dict.fromkeys(values)
    if None in found:
        del found[None]
    if "" in found:
        del found[""]
    return cast("list[str]", list(found)) or None


_LOW: Final = [f"{n:02x}" for n in range(256)]


def press(
    batch: Batch[Any], prefix: str, fixed: Raw, index: str | None = None
) -> tuple[bytes, int, tuple[Rejected, ...]]:
    """The JSON lines of a batch, how many they are, and all that was rejected: before, and here.

    *prefix* is the `identity` of the artifact, *fixed* its `constants`, *index* the column that fills ``tp_index``.
    Raises TypeError if the batch holds anything but rows: the chain lacks its last stage.
    """
    done: list[Row] = []
    rejected: list[Rejected] = []
    addresses = _addresses
    fixed_and_index = Raw(bytes(fixed) + b',"tp_index":"default"')
    high, head = -1, ""
    for row, number in zip(batch.rows, batch.numbers, strict=True):
        try:
            c = row.common()
            at = c.timestamp
            if at.tzinfo is not UTC:
                at = utc(at)
            if number >> 8 != high:  # formatting a number costs more than all else that is done for the id
                high = number >> 8
                head = f"{prefix}-{high:06x}"
            row.tp_id = head + _LOW[number & 255]
            row.tp_timestamp = at
            row.tp_date = at.date()
            if index is None and not c.index:
                row.tp_table = fixed_and_index
            else:
                row.tp_table = fixed
                row.tp_index = _index(row, c.index, index)
            source = destination = None
            if c.source_ip is not None:
                row.tp_source_ip = source = addresses[c.source_ip]
            if c.destination_ip is not None:
                row.tp_destination_ip = destination = addresses[c.destination_ip]
            if c.ips is not None:
                row.tp_ips = _unique([addresses[ip] for ip in c.ips if ip])
            elif source:
                row.tp_ips = [source, destination] if destination and destination != source else [source]
            elif destination:
                row.tp_ips = [destination]
            if c.akas is not None:
                row.tp_akas = _unique(c.akas)
            if c.tags is not None:
                row.tp_tags = _unique(c.tags)
            if c.domains is not None:
                row.tp_domains = _unique(c.domains)
            if c.emails is not None:
                row.tp_emails = _unique(c.emails)
            if c.usernames is not None:
                row.tp_usernames = _unique(c.usernames)
        except Exception as error:
            if not isinstance(row, Row):
                raise TypeError(
                    f"the chain ends in {type(row).__name__}, not in rows: end it in an extractor that takes a row "
                    "class, such as ops.json_lines(MyRow)"
                ) from None
            rejected.append(reject(batch, _place(batch, row), error, "common"))
        else:
            done.append(row)
    for row, part in zip(batch.rows, batch.parts, strict=False):
        if part and row.tp_id is not None:
            row.tp_id += f"-{part}"
    lines, done, unwritable = _encoded(done, batch)
    return lines, len(done), (*batch.rejected, *rejected, *unwritable)


def _place(batch: Batch[Any], row: Row) -> int:
    return next(i for i, other in enumerate(batch.rows) if other is row)


def _encoded(rows: list[Row], batch: Batch[Any]) -> tuple[bytes, list[Row], list[Rejected]]:
    """All lines at once; one by one where a row holds what cannot be written, so that it alone is rejected."""
    try:
        return _encoder.encode_lines(rows), rows, []
    except (TypeError, ValueError, RecursionError):
        good: list[Row] = []
        rejected: list[Rejected] = []
        lines = bytearray()
        for row in rows:
            try:
                line = _encoder.encode(row)
            except (TypeError, ValueError, RecursionError) as error:
                rejected.append(reject(batch, _place(batch, row), error, "encode"))
            else:
                lines += line + b"\n"
                good.append(row)
        return bytes(lines), good, rejected


def _index(row: Row, said: str | None, column: str | None) -> str:
    """``tp_index`` from the column that the partition names, or what the row says."""
    value = getattr(row, column, None) if column is not None else None
    return str(value) if value is not None and value != "" else said or "default"
