"""What a run came to, in words: for a terminal, and as plain lines."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Final

import attrs

from ..events import ArtifactFailed, RowsQuarantined
from .outcome import Outcome
from .text import count, duration, place, safe

if TYPE_CHECKING:  # rich is for terminals only
    from rich.console import Console

_ERRNO: Final = re.compile(r"^\[Errno \d+\] ")


@attrs.frozen
class Report:
    """A run, as its summary says it."""

    outcome: Outcome
    name: str
    """Table and partition."""
    into: str
    """The directory, as the user wrote it."""
    locations: tuple[str, ...]
    seconds: float


def plain(report: Report) -> list[str]:
    """For a pipe or a log file: one line for the run, one for the error that ended it."""
    out = report.outcome
    facts = [rows(report, " rows"), artifacts(out, "artifact")]
    if out.rejected:
        facts.append(f"{count(out.rejected, 'record')} rejected, {kept(report)}")
    if out.interrupted is not None:
        facts.append("stopped")
    lines = [f"{report.name}: {'; '.join(filter(None, facts))}"]
    if (error := broken(report)) is not None:
        lines.append(error if out.aborted else f"error: {error}")
    return lines


def show(report: Report, console: Console) -> None:
    """For a terminal: a few aligned lines, and what to type next."""
    from rich.table import Table
    from rich.text import Text

    out = report.outcome
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")

    def add(label: str, text: str, style: str = "") -> None:
        grid.add_row(label, Text(text, style))

    add("rows", rows(report), "" if out.rows else "dim")
    if said := artifacts(out):
        add("artifacts", said)
    if out.rejected:
        add("rejected", f"{out.rejected:,}, {kept(report)}", "yellow")
        if out.first_rejected is not None:
            add("", reason(out.first_rejected))
    for i, failed in enumerate(out.failures):
        add("" if i else "failed", place(failed.artifact.name))
        add("", why(failed), "red")
    if more := out.failed - len(out.failures):
        add("", f"and {more:,} more (--json names each)", "dim")
    stopped = "  stopped" if out.interrupted is not None else ""
    heading = Text.assemble((safe(report.name), "bold"), (f"  {duration(report.seconds)}", "dim"), (stopped, "yellow"))
    console.print(heading, soft_wrap=True)
    console.print(grid)
    if (error := broken(report)) is not None:
        console.print(Text.assemble(("" if out.aborted else "error: ", "bold red"), error), soft_wrap=True)
    elif out.chunks and report.into.isprintable():
        console.print()
        console.print(Text("Look at them:", "dim"))
        console.print(Text(query(report.into)), soft_wrap=True)  # in one piece, so that it can be copied


def rows(report: Report, noun: str = "") -> str:
    """How many rows there are, and where."""
    out = report.outcome
    if not out.discovered and out.error is None:
        return f"nothing found in {', '.join(map(place, report.locations))}"
    if not out.chunks:
        return "no rows" if noun else "none"
    many = noun if out.rows != 1 else noun.removesuffix("s")
    return f"{out.rows:,}{many} in {safe(report.into)} ({count(out.chunks, 'chunk')})"


def artifacts(out: Outcome, noun: str = "") -> str:
    """How many artifacts of each fate; empty if there were none."""
    fates = [(out.extracted, "extracted"), (out.failed, "failed"), (out.skipped, "skipped")]
    if out.aborted:
        fates.append((out.discovered - out.extracted - out.failed - out.skipped, "not finished"))
    said = [(n, fate) for n, fate in fates if n > 0]
    first = f" {noun}{'s' if said[0][0] != 1 else ''}" if noun and said else ""
    return ", ".join(f"{n:,}{'' if i else first} {fate}" for i, (n, fate) in enumerate(said))


def kept(report: Report) -> str:
    """Where rejected records are."""
    return f"kept in {os.path.join(safe(report.into), 'quarantine')}"


def reason(event: RowsQuarantined) -> str:
    """One rejected record: where it is, and what is wrong with it."""
    first = event.first
    number = f" record {first.number}" if first.number >= 0 else ""
    return f"{place(event.artifact.name)}{number}: {safe(first.reason)}"


def line(event: ArtifactFailed | RowsQuarantined) -> str:
    """One thing that went wrong, in one line."""
    if isinstance(event, ArtifactFailed):
        return f"failed: {place(event.artifact.name)}: {why(event)}"
    return f"rejected: {count(event.count, 'record')}, first {reason(event)}"


def why(event: ArtifactFailed) -> str:
    """Why an artifact failed, and what there is of it."""
    name = event.artifact.name  # which is said already
    text = _ERRNO.sub("", event.error).removesuffix(f": {name!r}").removeprefix(f"{name}: ")
    kept = f" ({count(event.rows, 'row')} before that kept)" if event.rows else ""
    return safe(text) + kept


def broken(report: Report) -> str | None:
    """Why the run as a whole failed; None if it did not."""
    out = report.outcome
    if out.aborted:
        return "aborted: the rows of the open chunk are not kept"
    if out.error is not None:
        return safe(out.error)
    if out.nothing_opened:
        if out.discovered == 1:
            return "the artifact could not be opened: see the reason above, then collect again"
        return f"none of the {out.discovered:,} artifacts could be opened: see the reasons above, then collect again"
    return None


def query(into: str) -> str:
    """The shell command that looks at the chunks in *into* with DuckDB.

    >>> print(query("out"))
    duckdb -c "SELECT * FROM read_ndjson('out/*.jsonl') LIMIT 5"
    """
    if "\\" in into:  # DuckDB takes it for a separator, and there is no way to say that it is none
        return f"cd {shlex.quote(into)} && {query('.')}"
    text = sql(into)
    if any(c in text for c in '"$`!'):
        return f"duckdb -c {shlex.quote(text)}"
    return f'duckdb -c "{text}"'


def sql(into: str) -> str:
    """The SQL of `query`: wildcards and quotes in the name of the directory stand for themselves."""
    folder = "".join(f"[{c}]" if c in "*?[" else c for c in into.rstrip(os.sep) or os.sep)
    pattern = os.path.join(folder, "*.jsonl").replace("'", "''")
    return f"SELECT * FROM read_ndjson('{pattern}') LIMIT 5"
