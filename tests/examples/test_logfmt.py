"""`examples/logfmt.py`: an extractor of one's own."""

from collections.abc import Callable
from pathlib import Path

from logfmt import LogLine, logfmt, service_log
from written import lines, rejected, run

from tailpipe_rx import Batch, FileSource
from tailpipe_rx.testing import check_operator

GOOD = 'at=2026-01-02T03:04:05Z level=warn msg="disk is \\"full\\"" host=db1'
ROW = LogLine.parse({"at": "2026-01-02T03:04:05Z", "level": "warn", "msg": 'disk is "full"', "host": "db1"})


def test_lines_become_rows_comments_none_and_nonsense_is_rejected(marbles: Callable[..., None]) -> None:
    marbles(
        """
        lines   --[gcg]--[x]--|
        expect  --[rr]---[#]--|
        """,
        logfmt(),
        g=GOOD,
        c="# a comment",
        x="level=warn what?",
        r=ROW,
    )


def test_keys_that_are_no_column_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"{GOOD} shard=7\n\n# end\n")
    run(service_log, FileSource(tmp_path / "a.log"), tmp_path / "out")
    [row] = lines(tmp_path / "out")
    assert (row["msg"], row["tp_index"], row["extra"]) == ('disk is "full"', "db1", {"shard": "7"})


def test_a_line_that_is_no_row_is_kept_with_the_reason(tmp_path: Path) -> None:
    bad = ["level=warn", "at=noon level=warn", 'at=2026-01-02T03:04:05Z level=warn msg="open', "what?"]
    (tmp_path / "a.log").write_text("\n".join([*bad, GOOD]))
    run(service_log, FileSource(tmp_path / "a.log"), tmp_path / "out")
    kept = rejected(tmp_path / "out")
    assert [record["raw"] for record in kept] == bad
    assert [record["stage"] for record in kept] == ["logfmt"] * 4
    assert "at" in kept[0]["reason"]
    assert "no key=value at character 35" in kept[2]["reason"]
    assert len(lines(tmp_path / "out")) == 1


def test_it_does_what_every_operator_must() -> None:
    check_operator(logfmt, [Batch.of(GOOD), Batch.of(GOOD, "what?")])
