"""`examples/alerts.py`: windows over rows in event time."""

import random
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

import reactivex
from alerts import COUNT, LATE, WITHIN, Alert, alerts, as_delivered, guessed_passwords
from written import LOGS

from tailpipe_rx import ops
from tailpipe_rx.tables.aws.cloudtrail import CloudTrailLog
from tailpipe_rx.testing import check_operator

DAY = datetime(2026, 1, 2, tzinfo=UTC)


def login(minutes: float, address: str = "192.0.2.1", result: str = "Failure") -> CloudTrailLog:
    return CloudTrailLog(
        event_time=DAY + timedelta(minutes=minutes),
        event_name="ConsoleLogin",
        source_ip_address=address,
        response_elements={"ConsoleLogin": result},
    )


def found(rows: Iterable[CloudTrailLog]) -> list[Alert]:
    seen: list[Alert] = []
    ops.pull(lambda: rows).pipe(guessed_passwords()).subscribe(seen.append)
    return seen


def test_the_sample_logs_hold_one_guesser_and_one_decoy() -> None:
    seen: list[Alert] = []
    alerts(str(LOGS / "AWSLogs")).subscribe(seen.append)
    [alert] = seen
    assert (alert.address, alert.first, alert.last) == (
        "203.0.113.77",
        DAY + timedelta(hours=3, seconds=5),
        DAY + timedelta(hours=3, minutes=7, seconds=33),
    )
    assert str(alert) == (
        "203.0.113.77: 5 failed logins from 2026-01-02 03:00:05 to 03:07:33 UTC, as HIDDEN_DUE_TO_SECURITY_REASONS, ada"
    )


def test_files_come_in_the_order_of_delivery_whatever_account_they_are_of() -> None:
    times = [path.rsplit("_", 2)[1] for path in as_delivered(str(LOGS / "AWSLogs"))]
    assert times == ["20260102T0305Z", "20260102T0325Z", "20260102T0400Z"]


def test_five_within_ten_minutes_to_the_second() -> None:
    assert len(found(login(m) for m in (0, 1, 2, 3, 10))) == 1
    assert found(login(m) for m in (0, 1, 2, 3, 10 + 1 / 60)) == []
    assert len(found(login(m) for m in (0, 10, 10, 10, 10))) == 1


def test_four_are_none_and_neither_are_successes_or_other_addresses() -> None:
    assert found(login(m) for m in range(4)) == []
    assert found([*(login(m) for m in range(4)), login(4, result="Success"), login(5, "192.0.2.2")]) == []


def test_the_fifth_in_ten_minutes_counts_wherever_the_others_lie() -> None:
    [alert] = found(login(m) for m in (0, 9, 18, 19, 20, 21, 22))
    assert (alert.first, alert.last) == (DAY + timedelta(minutes=18), DAY + timedelta(minutes=22))


def test_one_that_goes_on_is_one_alert_and_one_that_comes_again_another() -> None:
    assert len(found(login(m) for m in range(30))) == 1
    assert len(found(login(m) for m in [*range(5), *range(60, 65)])) == 2


def test_rows_that_arrive_in_another_order_give_the_same_alerts() -> None:
    rows = [login(m, f"192.0.2.{a}") for a in range(20) for m in range(a, a + 10)]
    rows.sort(key=lambda row: row.event_time)
    expected = found(rows)
    assert len(expected) == 20
    late = random.Random(1)
    by_arrival = sorted(rows, key=lambda row: row.event_time + late.random() * LATE)
    assert by_arrival != rows
    assert found(by_arrival) == expected


def test_one_that_is_far_too_late_does_no_harm() -> None:
    assert len(found([*(login(m) for m in (100, 101, 102, 103)), login(200), login(0), login(201), login(202)])) == 0


def test_the_wall_clock_has_no_say() -> None:
    years_apart = [login(year * 525_960 + m) for year in range(3) for m in range(5)]
    assert len(found(years_apart)) == 3


def endless(seconds_apart: int, count: int) -> Iterator[CloudTrailLog]:
    """A failed login now and then, each from an address that is never seen again."""
    for n in range(count):
        yield login(n * seconds_apart / 60, f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}")


def test_memory_is_bounded_by_the_window_and_not_by_the_log() -> None:
    def peak(times: int) -> int:
        tracemalloc.start()
        try:
            assert found(endless(30, times * (WITHIN + LATE) // timedelta(seconds=30))) == []
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(10) < peak(2) * 1.5


def test_each_subscription_has_a_time_of_its_own() -> None:
    stream = reactivex.from_iterable([login(m) for m in range(COUNT)]).pipe(guessed_passwords())
    for _ in range(2):
        seen: list[Alert] = []
        stream.subscribe(seen.append)
        assert len(seen) == 1


def test_it_does_what_every_operator_must() -> None:
    items = [login(m, f"192.0.2.{a}") for a in range(3) for m in range(a * 60, a * 60 + 5)]
    check_operator(guessed_passwords, items, ahead=len(items))


def test_an_alert_is_one_element_of_a_stream(marbles: Callable[..., None]) -> None:
    times = [login(m) for m in range(COUNT)]
    marbles(
        """
        logins  -a-b-c-d-e-f-|
        expect  -----------A-|
        """,
        guessed_passwords(),
        **dict(zip("abcde", times, strict=True)),
        f=login(60),
        A=Alert("192.0.2.1", times[0].event_time, times[-1].event_time, ()),
    )
