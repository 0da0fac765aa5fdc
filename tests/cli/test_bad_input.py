"""Whatever is wrong is one clear line with place and remedy, no traceback, and the exit code that was promised."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import cast

import pytest

from tailpipe_rx.cli import app
from tailpipe_rx.plugin import Plugin

from .conftest import Run, cloudtrail, command, environment, greetings

TABLE = "aws_cloudtrail_log"
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
POWERLESS = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
"""Root without the right to read everything: where this project lies in a directory that nobody else may enter."""
as_somebody_else = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="becoming a user who may not read everything takes root and setpriv",
)


@pytest.fixture(scope="module")
def setpriv() -> tuple[str, ...]:
    """How to start a program for which permissions count."""
    tried = subprocess.run([*NOBODY, *command("--version")], env=environment(), cwd="/", capture_output=True)
    return NOBODY if tried.returncode == 0 else POWERLESS


@pytest.fixture
def open_to_all(tmp_path: Path) -> Path:
    """A directory that another user can get to and write to."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path(folder.anchor) and not folder.stat().st_mode & 0o1:
            folder.chmod(folder.stat().st_mode | 0o011)
    tmp_path.chmod(0o777)
    return tmp_path


def lines(ran: subprocess.CompletedProcess[str]) -> list[str]:
    assert ran.stdout == ""
    return ran.stderr.splitlines()


def test_an_empty_file_is_no_failure(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.json").touch()
    ran = run("collect", TABLE, "empty.json")
    assert lines(ran) == [f"{TABLE}.default: no rows; 1 artifact extracted"]
    assert ran.returncode == 0


def test_a_directory_without_files_is_no_failure(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    ran = run("collect", TABLE, "logs")
    assert lines(ran) == [f"{TABLE}.default: nothing found in logs"]
    assert ran.returncode == 0


@as_somebody_else
def test_a_file_that_may_not_be_read_beside_others_is_named(
    run: Run, open_to_all: Path, setpriv: tuple[str, ...]
) -> None:
    cloudtrail(open_to_all / "logs" / "a.json.gz", 2)
    cloudtrail(open_to_all / "logs" / "b.json.gz", 2).chmod(0)
    ran = run("collect", TABLE, "logs", prefix=setpriv)
    assert lines(ran) == [
        "failed: logs/b.json.gz: Permission denied",
        f"{TABLE}.default: 2 rows in tailpipe-out (1 chunk); 1 artifact extracted, 1 failed",
    ]
    assert ran.returncode == 3


@as_somebody_else
def test_when_nothing_may_be_read_the_run_has_failed(run: Run, open_to_all: Path, setpriv: tuple[str, ...]) -> None:
    cloudtrail(open_to_all / "logs" / "a.json.gz", 2).chmod(0)
    cloudtrail(open_to_all / "logs" / "b.json.gz", 2).chmod(0)
    ran = run("collect", TABLE, "logs", prefix=setpriv)
    assert lines(ran) == [
        "failed: logs/a.json.gz: Permission denied",
        "failed: logs/b.json.gz: Permission denied",
        f"{TABLE}.default: no rows; 2 artifacts failed",
        "error: none of the 2 artifacts could be opened: see the reasons above, then collect again",
    ]
    assert ran.returncode == 1


@as_somebody_else
def test_a_directory_that_may_not_be_written_to_is_a_failure(
    run: Run, open_to_all: Path, setpriv: tuple[str, ...]
) -> None:
    cloudtrail(open_to_all / "a.json.gz", 2)
    (open_to_all / "out").mkdir()
    (open_to_all / "out").chmod(0o555)
    ran = run("collect", TABLE, "a.json.gz", "--into", "out", prefix=setpriv)
    assert ran.returncode == 1
    said = lines(ran)[-1]
    assert said.startswith("error: ")
    assert "Permission denied" in said
    assert "out" in said


def test_a_directory_that_cannot_be_made_is_a_failure(run: Run, tmp_path: Path) -> None:
    cloudtrail(tmp_path / "a.json.gz", 2)
    (tmp_path / "file").touch()
    ran = run("collect", TABLE, "a.json.gz", "--into", "file/out")
    assert ran.returncode == 1
    assert "file/out" in lines(ran)[-1]
    assert lines(ran)[-1].startswith("error: ")


def test_a_binary_file_is_named_and_the_rest_is_collected(run: Run, tmp_path: Path) -> None:
    cloudtrail(tmp_path / "logs" / "a.json.gz", 2)
    (tmp_path / "logs" / "b.bin").write_bytes(random.Random(1).randbytes(5000))
    ran = run("collect", TABLE, "logs")
    said = lines(ran)
    assert len(said) == 2
    assert said[0].startswith("failed: logs/b.bin: ")
    assert said[0].count("b.bin") == 1
    assert said[1].startswith(f"{TABLE}.default: 2 rows in tailpipe-out (1 chunk); 1 artifact extracted, 1 failed")
    assert ran.returncode == 3


def test_a_cut_file_gives_what_comes_before_the_cut(run: Run, tmp_path: Path) -> None:
    whole = cloudtrail(tmp_path / "logs" / "a.json.gz", 5000)
    whole.write_bytes(whole.read_bytes()[:-2000])
    ran = run("collect", TABLE, "logs")
    said = lines(ran)
    assert said[0].startswith("failed: logs/a.json.gz: ")
    assert said[0].endswith("before that kept)")
    assert "artifact failed" in said[-1]
    assert ran.returncode == 3


def test_a_record_without_a_time_is_kept_apart_with_its_place(run: Run, tmp_path: Path) -> None:
    cloudtrail(tmp_path / "a.json.gz", 3, eventTime=None)
    ran = run("collect", TABLE, "a.json.gz")
    said = lines(ran)
    assert said[0].startswith("rejected: 1 record, first a.json.gz record 0: ")
    assert said[1:] == [
        f"{TABLE}.default: 2 rows in tailpipe-out (1 chunk); 1 artifact extracted; "
        "1 record rejected, kept in tailpipe-out/quarantine"
    ]
    assert ran.returncode == 3


def test_an_unknown_table_is_refused_with_the_one_that_was_meant(run: Run, tmp_path: Path) -> None:
    ran = run("collect", "aws_cloudtral_log", tmp_path)
    assert lines(ran) == [
        "error: there is no table 'aws_cloudtral_log'; did you mean 'aws_cloudtrail_log'? "
        "(tailpipe-rx tables lists them)"
    ]
    assert ran.returncode == 2


def test_a_place_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    ran = run("collect", TABLE, tmp_path, "no/such/place", "no*glob")
    assert lines(ran) == ["error: nothing there to collect: no/such/place, no*glob (no such file or directory)"]
    assert ran.returncode == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--workers", "-3"), "'--workers': -3 is less than 0; 0 works in this process, N in N worker processes"),
        (("--workers", "many"), "'--workers': 'many' is not a valid integer"),
        (("--chunk-rows", "0"), "'--chunk-rows': 0 is less than 1; a chunk has at least one row"),
        (("--plugin", "nothing.py"), "error: plugin nothing.py does not exist"),
        (("--worker", "3"), "No such option"),
    ],
)
def test_a_wrong_option_is_refused_with_what_it_takes(
    run: Run, tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    ran = run("collect", TABLE, tmp_path, *args)
    assert len(lines(ran)) == 1
    assert said in lines(ran)[0]
    assert ran.returncode == 2


@pytest.mark.parametrize("target", ["", ".", "a/b", "aws_cloudtrail_log.", "aws_cloudtrail_log.a/b", "x.y.z", "ä"])
def test_a_name_that_cannot_be_one_is_refused(run: Run, tmp_path: Path, target: str) -> None:
    ran = run("collect", target, tmp_path)
    assert len(lines(ran)) == 1
    assert "is no name of a" in lines(ran)[0]
    assert ran.returncode == 2


@pytest.mark.parametrize("args", [("collect",), ("collect", TABLE), ("colect", TABLE, "x"), ("tables", "--yaml")])
def test_a_wrong_command_is_one_line_that_says_where_to_look(run: Run, args: tuple[str, ...]) -> None:
    ran = run(*args)
    assert len(lines(ran)) == 1
    assert "--help)" in lines(ran)[0]
    assert ran.returncode == 2


def test_a_directory_with_chunks_is_not_written_into_again(run: Run, tmp_path: Path) -> None:
    cloudtrail(tmp_path / "a.json.gz", 2)
    assert run("collect", TABLE, "a.json.gz").returncode == 0
    again = run("collect", TABLE, "a.json.gz")
    assert len(lines(again)) == 1
    assert lines(again)[0].startswith("error: ")
    assert "--into" in lines(again)[0]
    assert again.returncode == 2
    other = run("collect", f"{TABLE}.other", "a.json.gz")
    assert len(lines(other)) == 1
    assert other.returncode == 2


def test_a_mistake_in_a_plugin_is_said_with_its_line_and_the_traceback_is_for_debug(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("x = 1\nimport no_such_thing\n")
    ran = run("tables", "--plugin", "bad.py")
    assert lines(ran) == [
        "error: plugin bad.py cannot be imported: bad.py:2: ModuleNotFoundError: No module named 'no_such_thing'"
    ]
    assert ran.returncode == 2


def test_what_cannot_be_sent_to_a_worker_is_named_with_its_line(run: Run, tmp_path: Path, hello: Path) -> None:
    hello.write_text(hello.read_text().replace("ops.do_action(meet)", "ops.do_action(lambda line: None)"))
    greetings(tmp_path / "a.log", "Ada")
    ran = run("collect", "hello_greeting", "a.log", "--plugin", "hello.py", "--workers", "1")
    assert len(lines(ran)) == 1
    assert "hello.py:" in lines(ran)[0]
    assert "--workers 0" in lines(ran)[0]
    assert ran.returncode == 2


def test_a_mistake_of_ours_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["tables"], plugin=cast(Plugin, object())) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("error: AttributeError: ")
    assert said[0].endswith("(this is a bug in tailpipe_rx; --debug shows the traceback)")


def test_streams_that_are_closed_do_no_harm(tmp_path: Path) -> None:
    cloudtrail(tmp_path / "a.json.gz", 2)
    shell = 'exec "$@" >&- 2>&-'
    ran = subprocess.run(
        ["sh", "-c", shell, "sh", *command("collect", TABLE, "a.json.gz", "--json")],
        cwd=tmp_path,
        env=environment(),
        check=False,
    )
    assert ran.returncode == 0
    assert len(list((tmp_path / "tailpipe-out").glob("*.jsonl"))) == 1


def test_an_encoding_that_lacks_a_character_does_no_harm(tmp_path: Path, hello: Path) -> None:
    hello.write_text(hello.read_text().replace("Somebody said hello.", "Jemand sagte „Hallo“."))
    ran = subprocess.run(
        command("tables", "--plugin", "hello.py"),
        cwd=tmp_path,
        env=environment({"PYTHONIOENCODING": "ascii"}),
        capture_output=True,
        check=True,
    )
    assert b"hello_greeting\tJemand sagte \\u201eHallo\\u201c." in ran.stdout


def test_with_debug_the_traceback_is_shown(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("1 / 0\n")
    ran = subprocess.run(
        command("tables", "--plugin", "bad.py", "--debug"),
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback (most recent call last)" in ran.stderr
    assert ran.returncode == 2


@pytest.mark.parametrize("location", ["logs", "logs/", "./logs", "logs/*.gz", "logs/**/*.gz"])
def test_collecting_a_directory_into_itself_is_wrong_usage(run: Run, tmp_path: Path, location: str) -> None:
    cloudtrail(tmp_path / "logs" / "a.json.gz", 2)
    ran = run("collect", TABLE, location, "--into", "logs")
    assert lines(ran) == [f"error: {location} is where the chunks go, and they are not collected; take another --into"]
    assert ran.returncode == 2
    assert os.listdir(tmp_path / "logs") == ["a.json.gz"]


def test_an_empty_name_of_a_directory_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    cloudtrail(tmp_path / "a.json.gz", 2)
    ran = run("collect", TABLE, "a.json.gz", "--into", "")
    assert lines(ran) == [
        "error: Invalid value for '--into': it is empty; . is the current directory (tailpipe-rx collect --help)"
    ]
    assert ran.returncode == 2
    assert os.listdir(tmp_path) == ["a.json.gz"]


def test_more_workers_than_can_be_are_wrong_usage(run: Run, tmp_path: Path) -> None:
    cloudtrail(tmp_path / "a.json.gz", 2)
    ran = run("collect", TABLE, "a.json.gz", "--workers", "100000")
    assert len(lines(ran)) == 1 and "100000 is more than 1024" in lines(ran)[0]
    assert ran.returncode == 2


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_of_many_bad_records_is_one_line_with_all_of_them(run: Run, tmp_path: Path, workers: int) -> None:
    (tmp_path / "a.json").write_text('{"eventName": "x"}\n' * 30_000)
    cloudtrail(tmp_path / "b.json.gz", 2, eventTime=None)
    ran = run("collect", TABLE, "a.json", "b.json.gz", "--workers", workers)
    a, b, _ = sorted(lines(ran), reverse=True)
    assert a.startswith("rejected: 30,000 records, first a.json record 0: ")
    assert b.startswith("rejected: 1 record, first b.json.gz record 0: ")
    assert ran.returncode == 3


@pytest.mark.parametrize("workers", [0, 1])
def test_a_plugin_that_leaves_in_the_middle_of_a_row_has_failed(run: Run, tmp_path: Path, workers: int) -> None:
    (tmp_path / "leaves.py").write_text(
        "import sys\n"
        "from tailpipe_rx import Row, Table, ops\n"
        "class Line(Row):\n    text: str\n"
        "def leave(row):\n    sys.exit(0)\n"
        't = Table("lines", ops.pipe(ops.load(), ops.lines(), ops.regex("(?P<text>.*)", Line), ops.map(leave)))\n'
    )
    (tmp_path / "a.log").write_text("a\n")
    ran = run("collect", "lines", "a.log", "--plugin", "leaves.py", "--workers", workers)
    assert lines(ran)[0] == "lines.default: no rows"
    assert "SystemExit" in lines(ran)[1] and "leaves.py:6, in leave" in lines(ran)[1]
    assert ran.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full, to which nothing can be written")
def test_standard_error_that_cannot_be_written_to_changes_nothing(tmp_path: Path) -> None:
    cloudtrail(tmp_path / "a.json.gz", 2)
    with open("/dev/full", "wb") as full:
        for args, code in [(("collect", TABLE, "a.json.gz"), 0), (("collect", "nope", "a.json.gz"), 2)]:
            ran = subprocess.run(command(*args), cwd=tmp_path, env=environment(), stderr=full, check=False)
            assert ran.returncode == code
    assert list((tmp_path / "tailpipe-out").glob("*.jsonl"))
