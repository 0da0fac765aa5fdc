"""The live line."""

import pytest

from tailpipe_rx.cli.progress import Progress
from tailpipe_rx.cli.text import columns
from tailpipe_rx.events import Status

BUSY = Status(
    discovered=12_345,
    extracted=2_000,
    failed=12,
    enriched=12_345_678,
    quarantined=345,
    artifact="/somewhere/else/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/111122223333_CloudTrail.json.gz",
)


def line(status: Status, width: int, now: float = 1.0) -> str:
    progress = Progress(0.0)
    progress.update(status, now)
    return "".join(text for text, _ in progress.line(width))


def test_there_is_a_line_before_anything_is_known() -> None:
    assert "".join(text for text, _ in Progress(5.0).line(80)) == "0:00  0/0 artifacts  0 rows  0/s"


def test_what_goes_wrong_is_counted_in_the_line() -> None:
    assert line(Status(discovered=3, extracted=1, failed=1, enriched=5, quarantined=2), 80) == (
        "0:01  2/3 artifacts  5 rows  5/s  1 failed  2 rejected"
    )


def test_where_there_is_room_the_name_is_cut_at_its_beginning() -> None:
    assert line(BUSY, 120, now=100.0) == (
        "1:40  2,012/12,345 artifacts  12,345,678 rows  123,457/s  12 failed  345 rejected"
        "  …1/02/111122223333_CloudTrail.json.gz"
    )


@pytest.mark.parametrize("width", range(1, 200))
def test_the_line_never_takes_more_than_there_is(width: int) -> None:
    assert columns(line(BUSY, width)) <= width
    assert columns(line(Status(enriched=1, artifact="日本" * 50), width)) <= width


def test_at_40_columns_rows_and_what_went_wrong_remain() -> None:
    assert line(Status(discovered=28, extracted=3, enriched=2900, failed=1), 40) == "0:01  4/28  2,900 rows  1 failed"
    assert line(BUSY, 40) == "12,345,678 rows  12 failed  345 rejected"
    assert line(BUSY, 39) == "12,345,678 rows"


def test_the_name_of_an_artifact_cannot_move_the_cursor() -> None:
    assert "\x1b" not in line(Status(artifact="/logs/\x1b[2J\nx.log"), 80)
    assert line(Status(artifact="/logs/\x1b[2J\nx.log"), 80).endswith("/logs/\\x1b[2J\\nx.log")


def test_rows_per_second_are_those_of_the_last_seconds() -> None:
    progress = Progress(0.0)
    for second in range(1, 11):
        progress.update(Status(enriched=1000 * second), float(second))
    assert progress.rate == 1000
    for second in range(11, 16):
        progress.update(Status(enriched=10_000), float(second))
    assert progress.rate == 0


def test_rows_per_second_are_right_from_the_first_status_on() -> None:
    progress = Progress(10.0)
    progress.update(Status(enriched=500), 10.5)
    assert progress.rate == 1000
