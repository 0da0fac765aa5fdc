"""`load`: what an artifact is shows in its bytes, and what is good of a damaged one is delivered."""

from __future__ import annotations

import gzip
import os
import pickle
import random
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import reactivex

from tailpipe_rx import ops
from tailpipe_rx.errors import ArtifactError, Corrupt, Truncated
from tailpipe_rx.events import Artifact
from tailpipe_rx.loaders.file import PACKED_STEP, STEP, PackedFile
from tailpipe_rx.loaders.sniff import sniff
from tailpipe_rx.operators.elements import Content
from tailpipe_rx.operators.runner import drain

TEXT = b"".join(b"%d a line of text %d\n" % (i, random.Random(i).getrandbits(60)) for i in range(40_000))
PACKED = gzip.compress(TEXT, mtime=0)


def loaded(packed: bytes | Path, name: str = "a.log") -> tuple[bytes, ArtifactError | None]:
    """What could be unpacked, and what was in the way of the rest."""
    pieces: list[bytes] = []

    def read(content: Content) -> None:
        for piece in content:
            assert 0 < len(piece) <= STEP
            pieces.append(piece)

    try:
        drain(reactivex.of(Artifact(name, content=packed)).pipe(ops.load()), read)
    except ArtifactError as error:
        return b"".join(pieces), error
    return b"".join(pieces), None


def test_a_plain_file_comes_as_it_is_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "really.plain.gz"
    path.write_bytes(TEXT)
    assert loaded(path, str(path)) == (TEXT, None)


def test_a_gzip_file_is_unpacked_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "really.gzip.log"
    path.write_bytes(PACKED)
    assert loaded(path, str(path)) == (TEXT, None)


def test_bytes_at_hand_are_read_like_a_file() -> None:
    assert loaded(TEXT) == (TEXT, None)
    assert loaded(PACKED) == (TEXT, None)


@pytest.mark.parametrize("data", [b"", b"\x1f", b"x", b"\x1f\x8a", b"PK", b"\x00" * 1000])
def test_what_is_no_known_packing_is_taken_as_it_is(data: bytes) -> None:
    assert loaded(data) == (data, None)


def test_an_empty_gzip_file_is_empty() -> None:
    assert loaded(gzip.compress(b"")) == (b"", None)


def test_all_members_are_read_one_behind_the_other() -> None:
    assert loaded(PACKED + gzip.compress(b"") + PACKED + gzip.compress(b"end")) == (TEXT + TEXT + b"end", None)


def test_many_small_members_take_no_more_than_their_time() -> None:
    lines = TEXT.splitlines(keepends=True)[:5000]
    assert loaded(b"".join(gzip.compress(line) for line in lines)) == (b"".join(lines), None)


@pytest.mark.parametrize("zeros", [1, 2, 511, 10 * PACKED_STEP])
def test_zero_bytes_behind_the_last_member_are_padding(zeros: int) -> None:
    assert loaded(PACKED + bytes(zeros)) == (TEXT, None)


@pytest.mark.parametrize("rubbish", [b"x", b"\x1f", b"\0\0\0x", b"\x1f\x8a", bytes(10 * PACKED_STEP) + b"x", TEXT])
def test_something_else_behind_the_last_member_is_damage_after_all_rows(rubbish: bytes) -> None:
    text, error = loaded(PACKED + rubbish)
    assert text == TEXT
    assert isinstance(error, Corrupt)
    at = len(PACKED) + len(rubbish) - len(rubbish.lstrip(b"\0"))
    assert str(error) == f"a.log: something that is not gzip follows the last member, at byte {at}"


def test_the_member_may_begin_anywhere_in_a_step() -> None:
    first = gzip.compress(os.urandom(1000))
    for missing in range(-4, 24):  # the second header lies across the end of a step
        padding = PACKED_STEP - len(first) - 30 + missing
        random_bytes = random.Random(missing).randbytes(padding)
        packed = gzip.compress(random_bytes, 0) + gzip.compress(b"second") + gzip.compress(b"third")
        assert loaded(packed) == (random_bytes + b"secondthird", None)


def test_headers_may_hold_a_name_a_comment_and_more() -> None:
    header = b"\x1f\x8b\x08\x1e" + bytes(6) + struct.pack("<H", 3) + b"abc" + b"name\0" + b"comment\0"
    header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    assert loaded(header + PACKED[10:]) == (TEXT, None)
    text, error = loaded(header + PACKED[10:-8] + b"wrong" + PACKED[-3:])
    assert text == TEXT
    assert isinstance(error, Corrupt)


# Damage.


def cuts(packed: bytes) -> Iterator[int]:
    yield from range(2, 40)
    yield from range(1000, len(packed) - 20, len(packed) // 15)
    yield from range(len(packed) - 20, len(packed))


def test_a_file_cut_anywhere_gives_a_prefix_and_says_where_it_ends() -> None:
    longest = 0
    for cut in cuts(PACKED):
        text, error = loaded(PACKED[:cut])
        assert isinstance(error, Truncated)
        assert str(error).startswith(f"a.log: the gzip data ends at byte {cut}, in the middle of the member")
        assert TEXT.startswith(text)
        assert len(text) >= longest
        longest = len(text)
    assert longest == len(TEXT)


def test_the_second_member_may_be_the_one_that_is_cut() -> None:
    text, error = loaded(PACKED + PACKED[:-4])
    assert text == TEXT + TEXT
    assert f"the member that begins at byte {len(PACKED)}:" in str(error)


@pytest.mark.parametrize("wrong", ["checksum", "size"])
@pytest.mark.parametrize("text", [TEXT, b"short\n", b""])
def test_a_wrong_checksum_or_size_is_damage_after_all_bytes(wrong: str, text: bytes) -> None:
    packed = bytearray(gzip.compress(text))
    packed[-8 if wrong == "checksum" else -4] ^= 1
    got, error = loaded(bytes(packed))
    assert got == text
    assert isinstance(error, Corrupt)
    assert "a.log: the gzip data is corrupt near byte " in str(error)
    assert str(error).endswith("incorrect checksum found")


def test_the_good_bytes_before_damage_in_the_middle_are_delivered() -> None:
    at = len(PACKED) * 3 // 4
    undamaged = zlib.decompressobj(31).decompress(PACKED[:at])
    got, error = loaded(PACKED[:at] + bytes([7]) * 200 + PACKED[at + 200 :])  # 7: a block of a kind that is none
    assert isinstance(error, Corrupt)
    assert got.startswith(undamaged)
    assert len(undamaged) > STEP


def test_a_header_of_a_kind_that_is_none_is_damage() -> None:
    text, error = loaded(b"\x1f\x8b\x07" + PACKED[3:])
    assert text == b""
    assert isinstance(error, Corrupt)


def test_any_flipped_bit_of_a_small_file_is_found() -> None:
    text = TEXT[:200]
    packed = gzip.compress(text, mtime=0)
    for place in range(16, len(packed) * 8):
        damaged = bytearray(packed)
        damaged[place // 8] ^= 1 << place % 8
        got, error = loaded(bytes(damaged))
        assert error is not None or got == text  # nothing depends on some bits of the header, and on the last of all


# Files.


def test_opening_errors_are_those_of_the_system(tmp_path: Path) -> None:
    for path, kind in ((tmp_path / "absent", FileNotFoundError), (tmp_path, IsADirectoryError)):
        with pytest.raises(kind):
            drain(reactivex.of(Artifact(str(path), content=path)).pipe(ops.load()))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(PermissionError):
        drain(reactivex.of(Artifact(str(path), content=path)).pipe(ops.load()))


def test_an_artifact_that_was_not_fetched_says_so() -> None:
    with pytest.raises(ArtifactError, match=r"^s3://b/k: was not fetched"):
        drain(reactivex.of(Artifact("s3://b/k")).pipe(ops.load()))


def test_no_more_than_a_step_is_read_ahead() -> None:
    class Counted:
        taken = 0

        def read(self, size: int) -> bytes:
            self.taken += 1
            return b"x" * size

    counted = Counted()
    file = PackedFile("endless", counted)  # type: ignore[arg-type]  # as much of a file as is looked at
    head = file.head()
    pieces = sniff(head)(file, head)
    for n in range(1, 5):
        next(pieces)
        assert counted.taken == n


def test_a_step_of_gzip_is_bounded_however_well_it_is_packed() -> None:
    packed = gzip.compress(bytes(50 * STEP))
    with PackedFile.open(Artifact("zeros", content=packed)) as file:
        head = file.head()
        assert max(map(len, sniff(head)(file, head))) == STEP


def test_a_pipe_that_gives_few_bytes_at_a_time_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    packed = gzip.compress(TEXT[:5000]) + gzip.compress(TEXT[5000:9000])

    def write() -> None:
        with open(path, "wb", buffering=0) as out:
            for i in range(0, len(packed), 3):
                out.write(packed[i : i + 3])

    writer = threading.Thread(target=write)
    writer.start()
    assert loaded(path) == (TEXT[:9000], None)
    writer.join()


def test_the_file_is_closed_when_its_content_has_been_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(TEXT)
    kept: list[Content] = []
    drain(reactivex.of(Artifact("a", content=path)).pipe(ops.load()), kept.append)
    next(iter(kept[0]))  # the first bytes had been read already
    with pytest.raises(ValueError, match="closed file"):
        next(iter(kept[0]))


def test_load_is_a_value() -> None:
    assert ops.load() == pickle.loads(pickle.dumps(ops.load()))
    assert repr(ops.load()) == "load()"
