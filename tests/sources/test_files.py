"""`FileSource`: what it finds, in which order, and what it does with what it cannot read."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import reactivex

from tailpipe_rx import ops
from tailpipe_rx.errors import UsageError
from tailpipe_rx.events import Artifact, Window
from tailpipe_rx.operators.runner import drain
from tailpipe_rx.sources.files import FileSource


def tree(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def found(source: FileSource, root: Path) -> list[str]:
    artifacts = list(source.artifacts(Window()))
    assert all(os.path.isabs(artifact.name) and artifact.content == Path(artifact.name) for artifact in artifacts)
    return [os.path.relpath(artifact.name, root) for artifact in artifacts]


def test_a_directory_is_walked_depth_first_in_the_order_of_names(tmp_path: Path) -> None:
    tree(tmp_path, "b.log", "a/z.log", "a/b/c.log", "a/b.log", ".hidden/x", "c")
    assert found(FileSource(tmp_path), tmp_path) == [".hidden/x", "a/b/c.log", "a/b.log", "a/z.log", "b.log", "c"]


def test_files_directories_and_globs_come_in_the_order_given(tmp_path: Path) -> None:
    tree(tmp_path, "a.log", "b.gz", "d/c.gz", "d/e/f.gz", "d/e/g.log")
    for given, names in (
        (["b.gz", "a.log"], ["b.gz", "a.log"]),
        (["*.gz"], ["b.gz"]),
        (["**/*.gz"], ["b.gz", "d/c.gz", "d/e/f.gz"]),
        (["**"], ["a.log", "b.gz", "d/c.gz", "d/e/f.gz", "d/e/g.log"]),
        (["**/*"], ["a.log", "b.gz", "d/c.gz", "d/e/f.gz", "d/e/g.log"]),
        (["d/*"], ["d/c.gz", "d/e/f.gz", "d/e/g.log"]),
        (["d", "a.log"], ["d/c.gz", "d/e/f.gz", "d/e/g.log", "a.log"]),
    ):
        source = FileSource(tmp_path / name for name in given)
        assert found(source, tmp_path) == names, given


def test_what_two_locations_have_in_common_is_found_once(tmp_path: Path) -> None:
    tree(tmp_path, "a.log", "d/b.log", "d/e/c.log")
    for given in (["a.log", ".", "."], ["d/e", "d", "."], [".", "d/b.log", "**/*.log"], ["**/*.log", "."]):
        names = found(FileSource(os.path.join(tmp_path, name) for name in given), tmp_path)
        assert sorted(names) == ["a.log", "d/b.log", "d/e/c.log"], given


def test_a_file_with_the_name_of_a_glob_is_a_file(tmp_path: Path) -> None:
    tree(tmp_path, "a[1].log", "a1.log")
    assert found(FileSource(tmp_path / "a[1].log"), tmp_path) == ["a[1].log"]
    assert found(FileSource(tmp_path / "a[12].log"), tmp_path) == ["a1.log"]


def test_paths_may_be_relative_and_names_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "logs/a.log", "b.log")
    monkeypatch.chdir(tmp_path / "logs")
    assert [a.name for a in FileSource(["a.log", "../b.log"]).artifacts(Window())] == [
        str(tmp_path / "logs/a.log"),
        str(tmp_path / "b.log"),
    ]


def test_links_keep_their_own_names(tmp_path: Path) -> None:
    tree(tmp_path, "real/a.log")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert found(FileSource(tmp_path / "link"), tmp_path) == ["link/a.log"]


def test_the_version_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"

    def version() -> tuple[str, int]:
        (artifact,) = FileSource(path).artifacts(Window())
        return artifact.version, artifact.size

    path.write_text("one")
    first, size = version()
    assert size == 3
    assert version() == (first, size)
    path.write_text("three")
    second, _ = version()
    os.utime(path, ns=(1, 1))
    third, _ = version()
    (tmp_path / "new").write_text("three")
    os.utime(tmp_path / "new", ns=(1, 1))
    os.replace(tmp_path / "new", path)
    fourth, _ = version()
    assert len({first, second, third, fourth}) == 4
    stat = path.stat()
    assert fourth == f"{stat.st_dev}-{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}"


def test_a_directory_that_holds_itself_is_walked_once(tmp_path: Path) -> None:
    tree(tmp_path, "a/b/c.log")
    (tmp_path / "a/b/loop").symlink_to(tmp_path)
    (tmp_path / "a/b/self").symlink_to(".")
    assert found(FileSource(tmp_path), tmp_path) == ["a/b/c.log"]


def test_only_regular_files_are_taken_from_a_directory(tmp_path: Path) -> None:
    tree(tmp_path, "a.log")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "null").symlink_to(os.devnull)
    assert found(FileSource(tmp_path), tmp_path) == ["a.log"]


def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"caf\xe9.log")
    try:
        with open(name, "wb") as file:
            file.write(b"hello\n")
    except OSError:
        pytest.skip("this file system takes no names that are not UTF-8")
    batches: list[Any] = []
    drain(FileSource(tmp_path).pipe(ops.load(), ops.lines()), batches.append)
    assert [line for batch in batches for line in batch.rows] == ["hello"]
    (artifact,) = FileSource(tmp_path).artifacts(Window())
    assert os.fsencode(artifact.name) == name


# What is not there, or cannot be read.


def test_a_location_that_leads_nowhere_is_an_error_of_usage_before_anything_is_found(tmp_path: Path) -> None:
    tree(tmp_path, "a.log")
    source = FileSource([tmp_path / "a.log", tmp_path / "absent", tmp_path / "*.gz", tmp_path / "a.log/b"])
    assert source.missing() == [str(tmp_path / "absent"), str(tmp_path / "*.gz"), str(tmp_path / "a.log/b")]
    artifacts: list[Artifact] = []
    with pytest.raises(UsageError, match="absent"):
        drain(source.discover(), artifacts.append)
    assert artifacts == []


def test_an_empty_directory_is_a_location_without_artifacts(tmp_path: Path) -> None:
    assert FileSource(tmp_path).missing() == []
    assert list(FileSource(tmp_path).artifacts(Window())) == []


def test_a_link_to_nothing_is_an_artifact_that_fails(tmp_path: Path) -> None:
    tree(tmp_path, "a.log")
    (tmp_path / "b.log").symlink_to(tmp_path / "gone")
    artifacts = list(FileSource(tmp_path).artifacts(Window()))
    assert [os.path.basename(artifact.name) for artifact in artifacts] == ["a.log", "b.log"]
    with pytest.raises(FileNotFoundError):
        drain(FileSource(tmp_path).pipe(ops.load(), ops.lines()))


def read_as_nobody(location: Path) -> None:
    """Prints what another user can find and read, in a process of its own, which does not return."""
    status = os.EX_SOFTWARE
    try:
        os.setuid(65534)
        for artifact in FileSource(location).artifacts(Window()):
            try:
                drain(reactivex.of(artifact).pipe(ops.load()))
            except OSError as error:
                print(os.path.basename(artifact.name), type(error).__name__, flush=True)
            else:
                print(os.path.basename(artifact.name), flush=True)
        status = os.EX_OK
    finally:
        os._exit(status)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user who may read less")
def test_what_may_not_be_read_is_an_artifact_that_fails(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    tree(tmp_path, "a.log", "closed/b.log", "listed/c.log", "z.log")
    (tmp_path / "a.log").chmod(0)
    (tmp_path / "closed").chmod(0)
    (tmp_path / "listed").chmod(0o444)
    for parent in (tmp_path, *tmp_path.parents):
        if not parent.stat().st_mode & 0o001:
            if not parent.is_relative_to(tmp_path_factory.getbasetemp().parent):
                pytest.skip(f"{parent} is closed to other users")
            parent.chmod(0o755)
    child = os.fork()  # not a new program, which as another user might not be able to import this package
    if child == 0:
        read_as_nobody(tmp_path)
    assert os.waitpid(child, 0)[1] == 0
    assert capfd.readouterr().out == "a.log PermissionError\nclosed PermissionError\nc.log PermissionError\nz.log\n"


# Where a collection writes.


def test_an_excluded_directory_is_never_entered(tmp_path: Path) -> None:
    tree(tmp_path, "a.log", "out/b.jsonl", "out/quarantine/c", "d/out/e.log")
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for location in (".", "**", "**/*", "*"):
        source = FileSource(os.path.join(tmp_path, location), exclude=tmp_path / "out")
        assert found(source, tmp_path) == ["a.log", "d/out/e.log"], location
    assert found(FileSource(tmp_path, exclude=str(tmp_path / "absent")), tmp_path)
    assert found(FileSource(tmp_path / "out", exclude=tmp_path / "out"), tmp_path) == []


def test_a_file_in_it_that_is_named_is_taken(tmp_path: Path) -> None:
    tree(tmp_path, "out/b.jsonl")
    assert found(FileSource(tmp_path / "out/b.jsonl", exclude=tmp_path / "out"), tmp_path) == ["out/b.jsonl"]


def test_a_directory_is_listed_only_when_the_walk_gets_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "a/1", "b/2", "c/3")
    listed: list[str] = []
    scandir = os.scandir

    def counted(path: str) -> Any:
        listed.append(os.path.basename(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    walk = FileSource(tmp_path).artifacts(Window())
    assert listed == []
    next(walk)
    assert listed[1:] == ["a"]
    next(walk)
    assert listed[1:] == ["a", "b"]


def test_a_file_source_is_a_value() -> None:
    source = FileSource(["a", Path("b")], exclude="out")
    assert source == FileSource(("a", "b"), exclude=("out",))
    assert source != FileSource("a")
    assert pickle.loads(pickle.dumps(source)) == source
    assert hash(source) == hash(pickle.loads(pickle.dumps(source)))
    assert FileSource("a").paths == ("a",)
    assert source.type == "file"
