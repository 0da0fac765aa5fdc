"""Alerts over rows in event time: five failed console logins from one address within ten minutes.

The clock is the one in the logs, not the one on the wall: a month of files gives the same alerts in a minute as it
would have given in a month. RxPY's operators of time (`debounce`, `window_with_time`, `timeout`, …) take a scheduler,
and `HistoricalScheduler` is one whose clock is set by hand; `as_it_happened` sets it by the rows that come.

    python examples/alerts.py examples/logs/AWSLogs

Memory is bounded by what is kept of the log: the failed logins of the last 25 minutes, five for each address that
failed within ten.
"""

import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import reactivex
from reactivex import GroupedObservable, Observable, abc
from reactivex import operators as rx_ops
from reactivex.scheduler import HistoricalScheduler

from tailpipe_rx import FileSource, operator, ops
from tailpipe_rx.tables.aws.cloudtrail import CloudTrailLog, cloudtrail

COUNT = 5
WITHIN = timedelta(minutes=10)
LATE = timedelta(minutes=15)
"""How long after others that happened later an event may arrive and still be put in order."""


@attrs.frozen
class Alert:
    address: str
    first: datetime
    last: datetime
    names: tuple[str, ...]
    """Whose password was tried."""

    @classmethod
    def of(cls, logins: list[CloudTrailLog]) -> "Alert":
        times = [row.event_time for row in logins]
        names = {who.user_name or "?" for row in logins if (who := row.user_identity)}
        return cls(address(logins[0]), min(times), max(times), tuple(sorted(names)))

    def __str__(self) -> str:
        when = f"from {self.first:%Y-%m-%d %H:%M:%S} to {self.last:%H:%M:%S} UTC"
        return f"{self.address}: {COUNT} failed logins {when}, as {', '.join(self.names)}"


def is_failed_login(row: CloudTrailLog) -> bool:
    return row.event_name == "ConsoleLogin" and (row.response_elements or {}).get("ConsoleLogin") == "Failure"


def address(row: CloudTrailLog) -> str:
    return row.source_ip_address or "unknown"


@operator
def as_it_happened(rows: Observable[CloudTrailLog], clock: HistoricalScheduler) -> Observable[CloudTrailLog]:
    """The rows in the order in which they happened, each of them when *clock* shows its time.

    The scheduler's own queue puts them in order: the clock stays `LATE` behind the newest row, and a row that is later
    than that comes when it comes.
    """

    def subscribe(
        observer: abc.ObserverBase[CloudTrailLog], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        newest = clock.now

        def on_next(row: CloudTrailLog) -> None:
            nonlocal newest

            def emit(_: abc.SchedulerBase, __: Any = None) -> None:
                observer.on_next(row)

            clock.schedule_absolute(row.event_time, emit)
            newest = max(newest, row.event_time)
            clock.advance_to(max(clock.now, newest - LATE))

        def on_completed() -> None:
            clock.advance_to(newest)
            observer.on_completed()

        return rows.subscribe(on_next, observer.on_error, on_completed, scheduler=scheduler)

    return Observable(subscribe)


@operator
def guessed_passwords(rows: Observable[CloudTrailLog]) -> Observable[Alert]:
    """One alert for each address that goes on failing, when it has failed `COUNT` times within `WITHIN`."""

    def begin(_: abc.SchedulerBase) -> Observable[Alert]:
        clock = HistoricalScheduler()  # in here, since each subscription has a time of its own

        def quiet(logins: GroupedObservable[str, CloudTrailLog]) -> Observable[CloudTrailLog]:
            return logins.pipe(rx_ops.debounce(WITHIN + timedelta(seconds=1), clock))

        return rows.pipe(
            rx_ops.filter(is_failed_login),
            as_it_happened(clock),
            rx_ops.group_by_until(address, None, quiet),  # an address that is quiet for so long is forgotten
            rx_ops.flat_map(first_alert),
        )

    return reactivex.defer(begin)


def first_alert(logins: Observable[CloudTrailLog]) -> Observable[Alert]:
    return logins.pipe(
        rx_ops.buffer_with_count(COUNT, 1),  # every five in a row
        rx_ops.filter(is_dense),
        rx_ops.map(Alert.of),
        rx_ops.take(1),
    )


def is_dense(logins: list[CloudTrailLog]) -> bool:
    times = [row.event_time for row in logins]
    return len(logins) == COUNT and max(times) - min(times) <= WITHIN  # what is left at the end is fewer


def as_delivered(location: str) -> list[str]:
    """The files below in the order of the time in their names, whichever account and region they are of."""
    when = re.compile(r"_(\d{8}T\d{4})Z_")
    files = [str(path) for path in Path(location).rglob("*.json.gz")]
    return sorted(files, key=lambda path: ("".join(when.findall(path)[-1:]), path))


def alerts(location: str) -> Observable[Alert]:
    return FileSource(as_delivered(location)).pipe(cloudtrail.extract, ops.rows(), guessed_passwords())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/alerts.py LOGS")
    alerts(sys.argv[1]).subscribe(print)
