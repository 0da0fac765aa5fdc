"""Enrichment and encoding: a batch of rows in, JSON lines out."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final, cast

import msgspec
from msgspec import Raw

from ..events import Artifact, Rejected
from ..operators.elements import Batch
from ..operators.lifted import reject
from .columns import Common, RowColumns
from .twins import shape, utc

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
    own = RowColumns.__struct_fields__
    captured = {k: v for k, v in artifact.metadata.items() if k.startswith("tp_") and k not in own}
    fixed |= {k: v for k, v in captured.items() if k not in ("tp_table", "tp_partition", "tp_source_type")}
    text = _encoder.encode({k: _printable(v) for k, v in fixed.items() if v is not None})
    return Raw(text[len(b'{"tp_table":') : -1])


def _printable(value: Any) -> Any:
    """File names need not be UTF-8; what is not is shown as escapes."""
    return value.encode(errors="surrogateescape").decode(errors="backslashreplace") if isinstance(value, str) else value


_addresses: Final[dict[str, bool]] = {}
"""Whether a text that was seen is an address. (A subclass with __missing__ is far slower.)"""
_alone: Final[dict[str, Raw]] = {}
"""An address as it is written where it is the only one of a row: ``tp_source_ip``, and ``tp_ips`` behind it.

Threads share both, and each may forget all at any time: what is in one says nothing of what is in the other.
"""


def _address(text: str) -> bool:
    """What `_addresses` does not know; bounded by forgetting all."""
    if len(_addresses) >= 1 << 14:
        _addresses.clear()
        _alone.clear()
    found = _addresses[text] = _is_address(text)
    return found


def _only(text: str) -> Raw | None:
    """What `_alone` does not know; None if it is no address."""
    if not (_addresses.get(text) or _address(text)):
        return None
    written = _encoder.encode(text)
    found = _alone[text] = Raw(b'%b,"tp_ips":[%b]' % (written, written))
    return found


def _addressed(row: RowColumns, c: Common) -> None:
    """The address columns where there may be several."""
    known = _addresses.get
    ends = [c.source_ip, c.destination_ip]
    for i, ip in enumerate(ends):
        if ip is not None:
            found = known(ip)
            if not (_address(ip) if found is None else found):
                ends[i] = None
    source, destination = ends
    row.tp_source_ip = source or None
    row.tp_destination_ip = destination or None
    if c.ips is not None:
        row.tp_ips = _unique([ip for ip in c.ips if ip and (_addresses.get(ip) or _address(ip))])
    elif source:
        row.tp_ips = [source, destination] if destination and destination != source else [source]
    elif destination:
        row.tp_ips = [destination]


def _is_address(text: str) -> bool:
    try:
        if ":" not in text:  # twenty times faster than ipaddress, and as strict
            socket.inet_pton(socket.AF_INET, text)
        else:
            ipaddress.IPv6Address(text)
    except (OSError, ValueError):
        return False
    return True


def _unique(values: Collection[str | None]) -> list[str] | None:
    """In order, without repeats and blanks; None if nothing is left."""
    if len(values) == 1:
        (value,) = values
        return [value] if value else None
    found = list(dict.fromkeys(values))
    if None in found or "" in found:
        found = [value for value in found if value]
    return cast("list[str]", found) or None


_LOW: Final = [f"{n:02x}" for n in range(256)]


def press(
    batch: Batch[Any], prefix: str, fixed: Raw, index: str | None = None
) -> tuple[bytes, int, tuple[Rejected, ...]]:
    """The JSON lines of a batch, how many they are, and all that was rejected: before, and here.

    *prefix* is the `identity` of the artifact, *fixed* its `constants`, *index* the column that fills ``tp_index``.
    Raises TypeError if the batch holds anything but rows: the chain lacks its last stage.
    """
    rejected: list[Rejected] = []
    failed: set[int] = set()
    alone = _alone.get
    today = fixed_and_index = fixed
    day = 0
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
            if at.toordinal() != day:  # the date is the same for most rows of a batch: it is encoded once, too
                day = at.toordinal()
                today = Raw(b'%b,"tp_date":"%b"' % (bytes(fixed), at.date().isoformat().encode()))
                fixed_and_index = Raw(bytes(today) + b',"tp_index":"default"')
            if index is None and not c.index:
                row.tp_table = fixed_and_index
            else:
                row.tp_table = today
                row.tp_index = _index(row, c.index, index)
            if c.destination_ip is None and c.ips is None:
                ip = c.source_ip
                if ip is not None:
                    ips = alone(ip)
                    if ips is not None:
                        row.tp_source_ip = ips
                    elif _addresses.get(ip) is not False:
                        row.tp_source_ip = _only(ip)
            else:
                _addressed(row, c)
            if c.akas:
                row.tp_akas = _unique(c.akas)
            if c.tags:
                row.tp_tags = _unique(c.tags)
            if c.domains:
                row.tp_domains = _unique(c.domains)
            if c.emails:
                row.tp_emails = _unique(c.emails)
            if c.usernames:
                row.tp_usernames = _unique(c.usernames)
        except Exception as error:
            if not isinstance(row, RowColumns):
                raise TypeError(
                    f"the chain ends in {type(row).__name__}, not in rows: end it in an extractor that takes a row "
                    "class, such as ops.json_lines(MyRow)"
                ) from None
            failed.add(id(row))
            rejected.append(reject(batch, _place(batch, row), error, "common"))
    for row, part in zip(batch.rows, batch.parts, strict=False):
        if part and row.tp_id is not None:
            row.tp_id += f"-{part}"
    done = [row for row in batch.rows if id(row) not in failed] if failed else batch.rows
    if done:
        _in_utc(done)
    lines, count, unwritable = _encoded(done, batch)
    return lines, count, (*batch.rejected, *rejected, *unwritable)


def _in_utc(rows: Sequence[RowColumns]) -> None:
    """A function of the chain may have put in a time of another zone, and DuckDB would drop the zone."""
    for column in shape(type(rows[0])).times:
        get = attrgetter(column)
        if any(at is not None and at.tzinfo is not UTC for at in map(get, rows)):
            for row in rows:
                at = get(row)
                if at is not None:
                    setattr(row, column, utc(at))


def _place(batch: Batch[Any], row: RowColumns) -> int:
    return next(i for i, other in enumerate(batch.rows) if other is row)


def _encoded(rows: Sequence[RowColumns], batch: Batch[Any]) -> tuple[bytes, int, list[Rejected]]:
    """All lines at once; one by one where a row holds what cannot be written, so that it alone is rejected."""
    try:
        return _encoder.encode_lines(rows), len(rows), []
    except (TypeError, ValueError, RecursionError):
        rejected: list[Rejected] = []
        lines = bytearray()
        for row in rows:
            try:
                lines += _encoder.encode(row) + b"\n"
            except (TypeError, ValueError, RecursionError) as error:
                rejected.append(reject(batch, _place(batch, row), error, "encode"))
        return bytes(lines), len(rows) - len(rejected), rejected


def _index(row: RowColumns, said: str | None, column: str | None) -> str:
    """``tp_index`` from the column that the partition names, or what the row says."""
    value = getattr(row, column, None) if column is not None else None
    return str(value) if value is not None and value != "" else said or "default"
