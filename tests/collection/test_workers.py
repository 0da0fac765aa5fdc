"""Worker processes by themselves."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from collecting import children

from tailpipe_rx.collection.workers import WorkerDied, WorkerPool
from tailpipe_rx.errors import CollectionFailed, NotPicklable, UsageError


def divide(a: int, b: int) -> float:
    return a / b


def say_and_return(text: str) -> str:
    print(text)
    return text


def set_variable(value: str) -> None:
    os.environ["SET_BY_THE_INITIALIZER"] = value


def variable() -> str | None:
    return os.environ.get("SET_BY_THE_INITIALIZER")


def fail_to_begin() -> None:
    raise ValueError("not today")


class Stubborn(Exception):
    """Does not come back from a pickle."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} {b}")


def raise_stubborn() -> None:
    raise Stubborn(1, 2)


def return_a_lock() -> Any:
    return threading.Lock()


def wait_for(path: str) -> str:
    while not os.path.exists(path):
        threading.Event().wait(0.01)
    return path


def touch_and_wait(begun: str, path: str) -> str:
    Path(begun).touch()
    return wait_for(path)


def pid_and_group() -> tuple[int, int]:
    return os.getpid(), os.getpgid(0)


def handles_interrupts() -> bool:
    return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def test_it_is_an_executor() -> None:
    with WorkerPool(2) as pool:
        assert list(pool.map(divide, [6, 8, 9], [2, 2, 3])) == [3.0, 4.0, 3.0]
        with pytest.raises(ZeroDivisionError):
            pool.submit(divide, 1, 0).result()
        assert pool.submit(divide, a=1, b=2).result() == 0.5
    assert children() == [] and threading.active_count() == 1


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="child processes are counted in /proc")
def test_a_process_is_started_only_when_there_is_work_for_it() -> None:
    with WorkerPool(2) as pool:
        assert children() == []
        pool.submit(divide, 1, 1).result()
        assert len(children()) == 1


def test_what_does_not_come_back_from_a_pickle_is_told_in_words() -> None:
    with WorkerPool(1) as pool:
        with pytest.raises(RuntimeError, match=r"Stubborn: 1 2 \(test_workers.py:\d+, in raise_stubborn\)"):
            pool.submit(raise_stubborn).result()
        with pytest.raises(TypeError, match="cannot pickle"):
            pool.submit(return_a_lock).result()
        with pytest.raises((AttributeError, TypeError), match="pickle"):
            pool.submit(lambda: None).result()
        assert pool.submit(divide, 1, 1).result() == 1.0


def test_what_is_large_comes_through() -> None:
    with WorkerPool(1) as pool:
        text = "x" * 5_000_000
        assert pool.submit(str, text).result() == text


def test_when_a_worker_dies_its_work_fails_and_a_new_one_takes_its_place() -> None:
    with WorkerPool(1) as pool:
        (first, _) = pool.submit(pid_and_group).result()
        with pytest.raises(WorkerDied, match=r"died \(signal 11, SIGSEGV\)"):
            pool.submit(os.kill, first, signal.SIGSEGV).result()
        with pytest.raises(WorkerDied, match=r"died \(exit code 7\)"):
            pool.submit(os._exit, 7).result()
        assert pool.submit(pid_and_group).result()[0] != first


def test_ctrl_c_does_not_reach_a_worker() -> None:
    with WorkerPool(1) as pool:
        pid, group = pool.submit(pid_and_group).result()
        assert group == pid != os.getpgid(0)
        assert not pool.submit(handles_interrupts).result()


def test_an_initializer_is_called_in_each_worker() -> None:
    with WorkerPool(1, functools.partial(set_variable, "x")) as pool:
        assert pool.submit(variable).result() == "x"


def test_an_initializer_that_fails_says_so() -> None:
    with WorkerPool(1, fail_to_begin) as pool:
        with pytest.raises(CollectionFailed, match=r"could not begin: ValueError: not today \(test_workers.py"):
            pool.submit(divide, 1, 1).result()
        with pytest.raises(CollectionFailed, match="not today"):
            pool.submit(divide, 1, 1).result()


def test_a_worker_that_ends_before_it_is_ready_is_no_endless_loop() -> None:
    with WorkerPool(1, functools.partial(os._exit, 4)) as pool, pytest.raises(CollectionFailed, match="exit code 4"):
        pool.submit(divide, 1, 1).result()


def test_an_initializer_has_to_pickle() -> None:
    with pytest.raises(NotPicklable, match="the initializer"):
        WorkerPool(1, lambda: None)


def test_there_is_at_least_one() -> None:
    with pytest.raises(UsageError, match="0 workers"):
        WorkerPool(0)


def test_what_has_not_begun_can_be_cancelled(tmp_path: Path) -> None:
    with WorkerPool(1) as pool:
        first = pool.submit(wait_for, str(tmp_path / "go"))
        second = pool.submit(divide, 1, 1)
        assert second.cancel()
        (tmp_path / "go").touch()
        assert first.result() == str(tmp_path / "go")
        pool.shutdown(cancel_futures=True)
        with pytest.raises(RuntimeError, match="shut down"):
            pool.submit(divide, 1, 1)


def test_killed_workers_fail_their_work_at_once(tmp_path: Path) -> None:
    pool = WorkerPool(1)
    assert pool.submit(divide, 1, 1).result() == 1
    running = pool.submit(touch_and_wait, str(tmp_path / "begun"), str(tmp_path / "never"))
    waiting = pool.submit(divide, 1, 1)
    wait_for(str(tmp_path / "begun"))
    pool.kill()
    assert isinstance(running.exception(), WorkerDied)
    assert waiting.cancelled() and children() == []


def test_what_a_worker_prints_is_no_data(capfd: pytest.CaptureFixture[str]) -> None:
    with WorkerPool(1) as pool:
        assert pool.submit(say_and_return, "hello").result() == "hello"
    assert capfd.readouterr() == ("", "hello\n")


# --- programs of their own ------------------------------------------------------------------------------------------


def python(*args: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", *args],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def script(tmp_path: Path, text: str) -> str:
    (tmp_path / "script.py").write_text(textwrap.dedent(text))
    return str(tmp_path / "script.py")


ROW = """
    import sys
    from pathlib import Path
    from datetime import datetime
    from typing import Annotated
    from collecting import Memory, artifacts, collection, run, CHAIN, nothing_left_behind
    from tailpipe_rx.extractors.json import json_lines
    from tailpipe_rx.loaders.load import load
    from tailpipe_rx.operators.pipe import pipe
    from tailpipe_rx.rows.row import Common, Row
    print("imported", __name__, file=sys.stderr)

    class Mine(Row):
        time: Annotated[datetime, "When."]
        word: Annotated[str, "What."]
        number: Annotated[int, "How many."]
        def common(self):
            return Common(timestamp=self.time)

    mine = pipe(load(), json_lines(Mine))
"""


def test_rows_may_be_of_a_class_in_the_main_script(tmp_path: Path) -> None:
    text = (
        ROW
        + """
    if __name__ == "__main__":
        into = Path(sys.argv[1])
        print(run(collection(Memory(artifacts(3)), into, mine, workers=1))[-1])
        assert nothing_left_behind(into)
    """
    )
    out, err = python(script(tmp_path, text), str(tmp_path / "out")).communicate(timeout=60)
    assert "rows=3, chunks=1, error=None" in out
    assert err.split("\n") == ["imported __main__", "imported __mp_main__", ""]


def test_a_script_that_collects_while_it_is_imported_is_told_what_to_do(tmp_path: Path) -> None:
    text = (
        ROW
        + """
    print(run(collection(Memory(artifacts(3)), Path(sys.argv[1]), mine, workers=1))[-1].error)
    """
    )
    out, err = python(script(tmp_path, text), str(tmp_path / "out")).communicate(timeout=60)
    assert 'put what it does under `if __name__ == "__main__":`' in out
    assert "Traceback" not in err


def test_a_script_whose_rows_are_of_another_module_is_not_imported_again(tmp_path: Path) -> None:
    text = (
        ROW
        + """
    print(run(collection(Memory(artifacts(3)), Path(sys.argv[1]), CHAIN, workers=1))[-1])
    """
    )
    out, err = python(script(tmp_path, text), str(tmp_path / "out")).communicate(timeout=60)
    assert "rows=3, chunks=1, error=None" in out
    assert err == "imported __main__\n"


def test_a_class_of_a_session_cannot_be_sent_and_says_so(tmp_path: Path) -> None:
    text = textwrap.dedent(
        ROW
        + """
    try:
        run(collection(Memory(artifacts(3)), Path(sys.argv[1]), mine, workers=1))
    except Exception as error:
        print(type(error).__name__, error)
    """
    )
    out, _ = python("-c", text, str(tmp_path / "out")).communicate(timeout=60)
    assert out.startswith("NotPicklable the class Mine cannot be sent") and "in this session" in out
    assert not (tmp_path / "out").exists()


WATCHED = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="the processes of others are looked up in /proc")


@WATCHED
def test_workers_do_not_outlive_a_collector_that_is_killed(tmp_path: Path) -> None:
    text = """
    import os, sys
    from pathlib import Path
    from collecting import *
    if __name__ == "__main__":
        made = collection(Memory(artifacts(1, 1)), Path(sys.argv[1]), SLEEPS, workers=2, max_in_flight=2)
        made.subscribe(lambda event: print(type(event).__name__, flush=True))
    """
    collector = python(script(tmp_path, text), str(tmp_path / "out"))
    try:
        workers = _children_of(collector.pid, 2)
        collector.kill()
        collector.communicate(timeout=10)
        deadline = time.monotonic() + 10
        while any(map(_alive, workers)) and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        assert not any(map(_alive, workers))
    finally:
        collector.kill()


@WATCHED
def test_ctrl_c_leaves_no_worker(tmp_path: Path) -> None:
    text = """
    import sys
    from pathlib import Path
    from collecting import *
    if __name__ == "__main__":
        into = Path(sys.argv[1])
        try:
            collection(Memory(artifacts(1, 1)), into, SLEEPS, workers=2).subscribe(lambda event: None)
        except KeyboardInterrupt:
            print("interrupted", nothing_left_behind(into))
    """
    collector = python(script(tmp_path, text), str(tmp_path / "out"))
    try:
        workers = _children_of(collector.pid, 2)
        collector.send_signal(signal.SIGINT)
        out, err = collector.communicate(timeout=20)
        assert (out, err) == ("interrupted True\n", "")
        assert not any(map(_alive, workers))
    finally:
        collector.kill()


def _children_of(pid: int, count: int) -> list[int]:
    """Wait until there are so many."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = [
            int(entry.parent.name)
            for entry in Path("/proc").glob("[0-9]*/stat")
            if _parent(entry) == pid and b"tailpipe_rx" in _command(entry.parent)
        ]
        if len(found) == count:
            return found
        threading.Event().wait(0.02)
    raise AssertionError(f"{len(found)} workers of {count}")


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(") ")[2].split()[1])
    except OSError:
        return -1


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def _alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(") ")[2][:1] != "Z"
    except OSError:
        return False
