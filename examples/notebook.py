"""What one types into a notebook: rows are ordinary objects, read from the file as they are asked for.

`Table.rows` and `Plugin.rows` are plain iterators. The stream behind them runs on a thread of its own, so that the
event loop which runs in every notebook does no harm. Leaving a loop early stops the reading.

    python examples/notebook.py examples/logs/AWSLogs
"""

# %% Any table will do: a shipped one, or one of a plugin file
import asyncio
import sys
from collections import Counter
from itertools import islice

from hello import greetings

from tailpipe_rx import Plugin, Rejected
from tailpipe_rx.tables.aws.cloudtrail import CloudTrailLog, cloudtrail

plugin = Plugin("notebook", tables=[cloudtrail, greetings])


# %% The first few rows
def first(location: str, count: int = 3) -> list[CloudTrailLog]:
    return list(islice(cloudtrail.rows(location), count))


# %% Which calls fail most, and why
def failures(location: str) -> list[tuple[tuple[str | None, str | None], int]]:
    """Records that are no rows are shown, and the others go on. Without *on_rejected* the first one is an error."""
    bad: list[Rejected] = []
    rows = plugin.rows(location, "aws_cloudtrail_log", on_rejected=bad.append)
    counts = Counter((row.event_name, row.error_code or row.error_message) for row in rows if row.error_message)
    for rejected in bad:
        print(f"record {rejected.number}: {rejected.reason}", file=sys.stderr)
    return counts.most_common(5)


# %% A cell that awaits something runs inside an event loop, and so does the other code in it
async def cell(location: str) -> None:
    for row in first(location):
        print(row.event_time, row.event_name, row.user_identity.user_name if row.user_identity else None)
    for (name, why), count in failures(location):
        print(f"{count:3} {name}: {why}")
    await asyncio.sleep(0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/notebook.py LOGS")
    asyncio.run(cell(sys.argv[1]))
