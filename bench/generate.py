"""Log files of any size for the benchmarks: invented, the same bytes for the same arguments, as AWS delivers them.

usage: python bench/generate.py cloudtrail ROWS OUT_DIR [--files N] [--seed S] [--unknown-field]
       python bench/generate.py flowlogs   ROWS OUT_DIR [--files N] [--seed S] [--wide]

CloudTrail: compact JSON in `{"Records":[…]}`, the shapes of `shapes.py`, 1.7 KB a record on average. Flow logs: a
header line and the 14 fields of version 2, or all 29 up to version 5 with `--wide`; 200 interfaces, tens of thousands
of addresses. Memory does not grow with ROWS. (The compressed bytes also depend on the zlib in use.)
"""

import argparse
import gzip
import itertools
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from shapes import ACCOUNTS, BEGIN, cloudtrail_records

# Flow logs

V2 = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
V5 = (
    f"{V2} vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type "
    "sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path"
)


def flowlog_lines(rows: int, seed: int = 0, wide: bool = False) -> Iterator[str]:
    """`rows` lines without header; one in 200 is NODATA or SKIPDATA, one in 25 is IPv6."""
    rng = random.Random(f"flowlogs {seed}")
    draw = rng.random
    interfaces = [
        (ACCOUNTS[n % 3], f"{rng.getrandbits(68):017x}", f"10.{n % 4}.{n // 16}.{n % 250 + 4}") for n in range(200)
    ]
    # Half of the traffic is with hosts that come back, as it is in a real network.
    known = [outside(rng.getrandbits(32)) for _ in range(3_000)]
    now = float(BEGIN)
    for _ in range(rows):
        now += draw() * 0.01
        account, interface, own = interfaces[int(draw() * 200)]
        start = int(now) - int(draw() * 60)
        end, version = start + 30 + int(draw() * 30), 5 if wide else 2
        kind = draw()
        if kind < 0.005:
            status = "NODATA" if kind < 0.003 else "SKIPDATA"
            line = f"{version} {account} eni-{interface} - - - - - - - {start} {end} - {status}"
            yield line + (" -" * 15 if wide else "")
            continue
        six = kind > 0.96
        if six:
            own = f"2600:1f18::{interface[:4]}"
            other = f"2001:db8:{rng.getrandbits(16):x}::{rng.getrandbits(16):x}"
        else:
            other = known[int(draw() * 3_000)] if draw() < 0.5 else outside(rng.getrandbits(32))
        inward = draw() < 0.5
        ports = int(draw() * 64511) + 1024, (443, 443, 443, 80, 53, 22, 3306, 5432, 8080, 3389)[int(draw() * 10)]
        protocol = 17 if ports[1] == 53 else 6
        packets = int(draw() ** 4 * 2000) + 1
        from_, to = (other, own) if inward else (own, other)
        line = (
            f"{version} {account} eni-{interface} {from_} {to} {ports[0]} {ports[1]} {protocol} {packets} "
            f"{packets * (40 + int(draw() * 1400))} {start} {end} {'REJECT' if draw() < 0.07 else 'ACCEPT'} OK"
        )
        if wide:
            aws = "S3" if draw() < 0.1 else "-"
            way = f"{aws} - ingress -" if inward else f"- {aws} egress {int(draw() * 8) + 1}"
            line += (
                f" vpc-0a1b2c3d4e5f60718 subnet-{interface} i-{interface} {(2, 3, 18, 19, 1)[int(draw() * 5)]} "
                f"{'IPv6' if six else 'IPv4'} {from_} {to} us-east-1 use1-az{int(draw() * 3) + 1} - - {way}"
            )
        yield line


def outside(bits: int) -> str:
    return f"{bits % 200 + 16}.{bits >> 8 & 0xFF}.{bits >> 16 & 0xFF}.{bits >> 24}"


# Files


def write(lines: Iterator[str], path: Path, head: str, between: str, tail: str) -> None:
    """One gzip file of `lines`; neither its name nor the clock is in it."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        file.write(head.encode())
        first = True
        while block := list(itertools.islice(lines, 500)):
            file.write((("" if first else between) + between.join(block)).encode())
            first = False
        file.write(tail.encode())


def shares(rows: int, files: int) -> list[int]:
    """How many rows each file gets: as equal as can be."""
    return [rows // files + (n < rows % files) for n in range(files)]


def cloudtrail(rows: int, into: Path, files: int = 1, seed: int = 0, unknown: bool = False) -> None:
    names, records = random.Random(f"names {seed}"), cloudtrail_records(rows, seed, unknown)
    for n, share in enumerate(shares(rows, files)):
        stamp = datetime.fromtimestamp(BEGIN + 300 * n, UTC).strftime("%Y%m%dT%H%MZ")
        name = f"111122223333_CloudTrail_us-east-1_{stamp}_{names.getrandbits(64):016x}.json.gz"
        write(itertools.islice(records, share), into / name, '{"Records":[', ",", "]}")


def flowlogs(rows: int, into: Path, files: int = 1, seed: int = 0, wide: bool = False) -> None:
    names, lines = random.Random(f"names {seed}"), flowlog_lines(rows, seed, wide)
    for n, share in enumerate(shares(rows, files)):
        stamp = datetime.fromtimestamp(BEGIN + 300 * n, UTC).strftime("%Y%m%dT%H%MZ")
        name = f"111122223333_vpcflowlogs_us-east-1_fl-0123456789abcdef0_{stamp}_{names.getrandbits(32):08x}.log.gz"
        write(itertools.islice(lines, share), into / name, (V5 if wide else V2) + "\n", "\n", "\n")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ("cloudtrail", "flowlogs"):
        sub = kinds.add_parser(kind)
        sub.add_argument("rows", type=int)
        sub.add_argument("into", type=Path, metavar="OUT_DIR", help="a directory that is empty or not there yet")
        sub.add_argument("--files", type=int, default=1)
        sub.add_argument("--seed", type=int, default=0)
        if kind == "cloudtrail":
            sub.add_argument("--unknown-field", action="store_true", help="two fields no column takes, in every record")
        else:
            sub.add_argument("--wide", action="store_true", help="the 29 fields of version 5")
    asked = parser.parse_args(arguments)
    if not 1 <= asked.files <= asked.rows:
        parser.error(f"{asked.rows} rows in {asked.files} files: at least one row a file is needed")
    asked.into.mkdir(parents=True, exist_ok=True)
    if any(asked.into.iterdir()):
        parser.error(f"{asked.into} is not empty: what is there would be taken for part of the same logs")
    if asked.kind == "cloudtrail":
        cloudtrail(asked.rows, asked.into, asked.files, asked.seed, asked.unknown_field)
    else:
        flowlogs(asked.rows, asked.into, asked.files, asked.seed, asked.wide)
    size = sum(path.stat().st_size for path in asked.into.iterdir())
    print(f"{asked.rows:,} rows, {asked.files} files, {size / 1e6:.1f} MB compressed in {asked.into}", file=sys.stderr)


if __name__ == "__main__":
    main()
