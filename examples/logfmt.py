r"""An extractor of one's own, for lines like ``at=2026-01-02T03:04:05Z level=warn msg="disk is full" host=db1``.

It is a generator over one line. What it yields are the rows of that line; if it raises, the line goes to the
quarantine, with the reason, and the next one is looked at.

    tailpipe-rx collect service_log --plugin examples/logfmt.py YOUR.log
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from tailpipe_rx import Common, Plugin, RecordError, Row, Table, extractor, main, ops

PAIR = re.compile(r'([\w.]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?:\s+|$)')


class LogLine(Row):
    """A line of a service's log."""

    at: Annotated[datetime, "When."]
    level: Annotated[str, "How bad."]
    msg: Annotated[str | None, "What."] = None
    host: Annotated[str | None, "Where."] = None

    def common(self) -> Common:
        return Common(timestamp=self.at, index=self.host)


@extractor
def logfmt(line: str) -> Iterator[LogLine]:
    """A row of ``key=value`` pairs, none of a comment. Keys that are no column go to ``extra``."""
    if line.startswith("#"):
        return
    values, at = {}, 0
    while at < len(line):
        pair = PAIR.match(line, at)
        if pair is None:
            raise RecordError(f"no key=value at character {at}")
        key, quoted, bare = pair.groups()
        values[key] = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = pair.end()
    yield LogLine.parse(values)  # raises where a required column is missing, or a time is none


service_log = Table("service_log", ops.pipe(ops.load(), ops.lines(), logfmt()))

if __name__ == "__main__":
    main(Plugin("logfmt", tables=[service_log]))
