"""CPU time and memory of a collection, beside a plain loop over the same files.

usage: python bench/benchmark.py cloudtrail [--rows 60000] [--files 6] [--rounds 5] [--fast] [--json FILE]
       python bench/benchmark.py unknown    [--rows 60000] [--files 6] [--rounds 5] [--json FILE]
       python bench/benchmark.py memory     [--rows 10000 400000] [--rounds 3] [--json FILE]

`cloudtrail`: ours and the yardstick take turns on the same files; the CPU time is that of the whole process and its
children, the median of the rounds less that of a run over one record. Afterwards the rows of both are compared in every
vendor column, and ours with the reference writer; any difference is exit code 1. `unknown`: what two fields that no
column takes cost when they are in every record. `memory`: peak RSS over one small and one large artifact.

What they write goes to a memory file system where there is one, so that a disk has no part in it. The yardstick is
`../shared/bench/plain.py`, seen from the repository, where there is one, else `bench/plain.py`: the output says which.
The logs are generated, and kept in `bench/.data/`.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DATA = HERE / ".data"
SHARED = Path("../shared/bench")  # from ROOT; not part of the project
MB = 2**20


@dataclass(frozen=True)
class Contender:
    name: str
    command: Callable[[Path, Path], list[str]]  # of the directory read and an empty directory for the rows


@dataclass(frozen=True)
class Run:
    cpu: float  # seconds, user and system, of the process and the children it waited for
    peak: float  # MB of the largest of these processes


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# Contenders


def ours() -> Contender:
    command = [sys.executable, "-m", "tailpipe_rx", "collect", "aws_cloudtrail_log"]
    return Contender("ours", lambda read, into: [*command, str(read), "--into", str(into), "--quiet"])


def loop(name: str, script: Path) -> Contender:
    command = [sys.executable, str(script), "cloudtrail"]
    return Contender(name, lambda read, into: [*command, str(read), str(into / "rows.jsonl")])


def yardstick() -> tuple[Contender, str]:
    """The plain loop, and which one it is."""
    if (ROOT / SHARED / "plain.py").exists():
        return loop("plain", (ROOT / SHARED / "plain.py").resolve()), f"{SHARED}/plain.py, unchanged"
    return loop("plain", HERE / "plain.py"), "the project's own bench/plain.py"


def fast() -> Contender | None:
    """The same loop on fast libraries, if it is there and they are installed."""
    script = (ROOT / SHARED / "fast.py").resolve()
    missing = [name for name in ("orjson", "isal") if importlib.util.find_spec(name) is None]
    if script.exists() and not missing:
        return loop("fast", script)
    say(f"no fast.py: {'not installed: ' + ', '.join(missing) if script.exists() else f'no {SHARED}/fast.py'}")
    return None


# Measuring


def logs(rows: int, files: int = 1, unknown: bool = False) -> Path:
    """A directory of generated logs; made anew when the generator has changed."""
    code = b"".join((HERE / name).read_bytes() for name in ("generate.py", "shapes.py"))
    version = hashlib.blake2b(code, digest_size=4).hexdigest()
    target = DATA / f"cloudtrail-{rows}-{files}{'-unknown' if unknown else ''}-{version}"
    if not target.exists():
        say(f"generating {rows:,} rows in {files} files")
        making = target.with_suffix(".making")
        shutil.rmtree(making, ignore_errors=True)
        command = [sys.executable, str(HERE / "generate.py"), "cloudtrail", str(rows), str(making), f"--files={files}"]
        subprocess.run([*command, *(["--unknown-field"] if unknown else [])], check=True)
        making.rename(target)
    return target


def run(command: list[str]) -> Run:
    """One run to its end. SystemExit with what it said if it fails.

    Linux counts the memory of the process it was forked from as a child's own until it is exceeded: whoever measures
    must be small, which is why all comparing comes after all measuring.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            text = errors.read().decode(errors="replace")[-2000:]
            sys.exit(f"exit code {process.returncode}: {' '.join(command)}\n{text}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / MB)


Runs = dict[tuple[str, str], list[Run]]


def measure(contenders: list[Contender], inputs: dict[str, Path], rounds: int, keep: Path) -> Runs:
    """All runs by contender and input, taking turns; the rows of the last round stay under `keep`."""
    found: Runs = {(c.name, name): [] for c in contenders for name in inputs}
    for number in range(1, rounds + 1):
        for name, read in inputs.items():
            for contender in contenders:
                into = keep / contender.name / name
                shutil.rmtree(into, ignore_errors=True)
                into.mkdir(parents=True)
                measured = run(contender.command(read, into))
                found[contender.name, name].append(measured)
                say(
                    f"round {number}/{rounds} {name:8} {contender.name:6} {measured.cpu:7.2f} s {measured.peak:6.0f} MB"
                )
    return found


def cpu(runs: list[Run]) -> float:
    return median(one.cpu for one in runs)


def peak(runs: list[Run]) -> float:
    return median(one.peak for one in runs)


def summary(runs: Runs, contender: str, name: str, rows: int) -> dict[str, Any]:
    """The figures of a contender on an input; `net_cpu_s` is without what a run over one record takes."""
    many, one = runs[contender, name], runs[contender, "one"]
    net = cpu(many) - cpu(one)
    return {
        "contender": contender,
        "input": name,
        "cpu_s": [round(each.cpu, 4) for each in many],
        "start_cpu_s": round(cpu(one), 4),
        "net_cpu_s": round(net, 4),
        "us_per_row": round(net / rows * 1e6, 3),
        "peak_mb": round(peak(many), 1),
    }


def table(rows: list[dict[str, Any]], base: int, ratio: str) -> None:
    """The figures, with each row's net CPU time against that of row `base`."""
    print(f"{'':20}{'net CPU':>10}{'start-up':>10}{'a row':>11}{'peak':>9}{ratio:>12}")
    for row in rows:
        times = rows[base]["net_cpu_s"] / row["net_cpu_s"]
        row[ratio] = round(times if ratio == "faster" else 1 / times, 3)
        print(
            f"{row['contender'] + ' ' + row['input']:20}{row['net_cpu_s']:8.2f} s{row['start_cpu_s']:8.2f} s"
            f"{row['us_per_row']:8.2f} µs{row['peak_mb']:6.0f} MB{row[ratio]:11.2f}x"
        )


def compared(read: Path, keep: Path, name: str) -> dict[str, int]:
    """How many differences there are between ours, the yardstick's rows and the reference writer's."""
    import compare  # here, since it makes this process larger

    say("comparing every field of every row")
    mine, plain = (compare.by_event(compare.lines(keep / who / name)) for who in ("ours", "plain"))
    checks = (
        ("the yardstick", partial(compare.with_plain, plain, mine)),
        ("the reference writer", partial(compare.with_reference, read, mine)),
    )
    return compare.report(checks, lambda text: print(text, flush=True))


# Commands: what each returns goes to the file of --json


def cloudtrail(asked: argparse.Namespace, keep: Path) -> dict[str, Any]:
    plain, which = yardstick()
    contenders = [plain, ours()]
    if asked.fast and (further := fast()):
        contenders.append(further)
    inputs = {"one": logs(1), "many": logs(asked.rows, asked.files)}
    runs = measure(contenders, inputs, asked.rounds, keep)
    figures = [summary(runs, c.name, "many", asked.rows) for c in contenders]
    print(f"CloudTrail, {asked.rows:,} rows in {asked.files} files, median of {asked.rounds}; yardstick: {which}")
    table(figures, 0, "faster")
    differences = compared(inputs["many"], keep, "many")
    return {"yardstick": which, "figures": figures, "differences": differences}


def unknown(asked: argparse.Namespace, keep: Path) -> dict[str, Any]:
    plain, which = yardstick()
    known, more = logs(asked.rows, asked.files), logs(asked.rows, asked.files, unknown=True)
    runs = measure([ours(), plain], {"one": logs(1), "known": known, "unknown": more}, asked.rounds, keep)
    print(f"Two unknown fields in each of {asked.rows:,} records, median of {asked.rounds}; yardstick: {which}")
    figures = []
    for name in ("ours", "plain"):
        pair = [summary(runs, name, read, asked.rows) for read in ("known", "unknown")]
        table(pair, 0, "dearer")
        figures += pair
    return {"yardstick": which, "figures": figures, "differences": compared(more, keep, "unknown")}


def memory(asked: argparse.Namespace, keep: Path) -> dict[str, Any]:
    small, large = sorted(asked.rows)
    runs = measure([ours()], {"small": logs(small), "large": logs(large)}, asked.rounds, keep)
    low, high = peak(runs["ours", "small"]), peak(runs["ours", "large"])
    print(f"Peak RSS, one artifact, median of {asked.rounds}")
    for rows, mb in ((small, low), (large, high)):
        print(f"{rows:10,} rows {mb:6.1f} MB")
    print(f"difference {high - low:9.1f} MB")
    peaks = {name: [round(each.peak, 1) for each in runs["ours", name]] for name in ("small", "large")}
    return {"rows": [small, large], "peak_mb": peaks, "difference_mb": round(high - low, 1), "differences": {}}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in (("cloudtrail", cloudtrail), ("unknown", unknown), ("memory", memory)):
        sub = commands.add_parser(name)
        sub.set_defaults(run=command)
        if name == "memory":
            sub.add_argument("--rows", type=int, nargs=2, default=[10_000, 400_000], metavar=("SMALL", "LARGE"))
        else:
            sub.add_argument("--rows", type=int, default=60_000)
            sub.add_argument("--files", type=int, default=6)
        sub.add_argument("--rounds", type=int, default=3 if name == "memory" else 5)
        sub.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
        if name == "cloudtrail":
            sub.add_argument("--fast", action="store_true", help=f"{SHARED}/fast.py as a third contender")
    asked = parser.parse_args(arguments)
    if asked.rounds < 1:
        parser.error("--rounds: at least 1")
    DATA.mkdir(exist_ok=True)
    memory_files = Path("/dev/shm")
    where = memory_files if os.access(memory_files, os.W_OK) else DATA
    with tempfile.TemporaryDirectory(dir=where, prefix="tailpipe-rx-bench-") as keep:
        found = asked.run(asked, Path(keep))
    if asked.json:
        machine = {"python": platform.python_version(), "platform": platform.platform(), "cpus": os.cpu_count()}
        settings = {key: value for key, value in vars(asked).items() if key not in ("run", "json")}
        asked.json.write_text(json.dumps({**settings, **machine, **found}, indent=2) + "\n")
    return 1 if any(found["differences"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
