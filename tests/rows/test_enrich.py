"""What every table has: identity, time, addresses, names; and how a batch becomes lines."""

import ipaddress
import json
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
import reference_writer as reference
from hypothesis import example, given
from hypothesis import strategies as st
from made import TIME, at_once, one_by_one

from tailpipe_rx.events import Artifact, Rejected
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.rows.enrich import constants, identity, press
from tailpipe_rx.rows.reader import reader
from tailpipe_rx.rows.row import Common, Json, Row

PREFIX = identity("file", "", "/var/log/a")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def fixed(artifact: Artifact = Artifact("/var/log/a"), **more: Any) -> msgspec.Raw:  # noqa: B008  # frozen
    known = {"table": "t", "partition": "p", "source_type": "file", "ingested": NOON}
    return constants(artifact=artifact, **(known | more))


class Word(Row):
    word: str | None = None
    number: int | None = None

    def common(self) -> Common:
        return Common(timestamp=NOON)


def row_saying(**said: Any) -> Row:
    """A row that says this of the common columns."""

    class Said(Row):
        account: str | None = None
        number: int | None = None

        def common(self) -> Common:
            return Common(**({"timestamp": NOON} | said))

    return Said(account="42")


def lines(batch: Batch[Any], index: str | None = None, constant: msgspec.Raw | None = None) -> list[dict[str, Any]]:
    text, count, rejected = press(batch, PREFIX, fixed() if constant is None else constant, index)
    assert not rejected
    found = [json.loads(line, object_pairs_hook=_no_doubles) for line in text.splitlines()]
    assert len(found) == count
    return found


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def line(**said: Any) -> dict[str, Any]:
    return lines(Batch.of(row_saying(**said)))[0]


# --- identity ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.text(max_size=9), min_size=4, max_size=4), st.integers(0, 9), st.integers(0, 2**33), st.integers(0, 3)
)
@example(["file", "", "/var/log/\udcff.json", ""], 0, 0xFFFFFFFF, 1)
def test_tp_id_says_where_a_record_lies(where: list[str], generation: int, number: int, part: int) -> None:
    prefix = identity(where[0], where[1], where[2], where[3], generation)
    batch: Batch[Row] = Batch([Word(), Word()], [number, number], 1, parts=[0, part])
    text, _, _ = press(batch, prefix, fixed(), None)
    ids = [json.loads(one)["tp_id"] for one in text.splitlines()]
    assert ids == [reference.tp_id(*where[:4], generation, number, k) for k in (0, part)]  # type: ignore[call-arg]


def test_ids_differ_by_each_part_of_an_identity() -> None:
    parts: list[Any] = ["file", "name", "artifact", "member", 1]
    seen = {identity(*parts)}
    for place, value in enumerate(["s3", "name2", "artifact2", "member2", 2]):
        seen.add(identity(*(value if i == place else part for i, part in enumerate(parts))))
    seen.add(identity("file", "nameartifact", "", "member", 1))
    assert len(seen) == 7
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in seen)


def test_ids_go_on_over_256_records() -> None:
    rows = [Word() for _ in range(600)]
    found = lines(Batch(rows, range(200, 800), 600))
    assert [one["tp_id"] for one in found] == [f"{PREFIX}-{n:08x}" for n in range(200, 800)]


def test_numbers_may_have_gaps_where_records_were_rejected_or_filtered() -> None:
    batch: Batch[Row] = Batch([Word(), Word()], [3, 300], 400)
    assert [one["tp_id"][17:] for one in lines(batch)] == ["00000003", "0000012c"]


def test_rows_of_one_record_are_told_apart_even_if_one_of_them_is_rejected() -> None:
    class Odd(Row):
        word: str

        def common(self) -> Common:
            if self.word == "bad":
                raise ValueError(self.word)
            return Common(timestamp=NOON)

    rows = [Odd(word=word) for word in ("a", "bad", "c", "d")]
    text, count, rejected = press(Batch(rows, [7, 7, 7, 8], 2, parts=[0, 1, 2, 0]), PREFIX, fixed(), None)
    assert count == 3
    assert [json.loads(one)["tp_id"][17:] for one in text.splitlines()] == ["00000007", "00000007-2", "00000008"]
    assert [bad.number for bad in rejected] == [7]


# --- addresses --------------------------------------------------------------------------------------------------------

ADDRESSES = [
    "1.2.3.4",
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "2001:db8::1",
    "2001:DB8::A",
    "::ffff:1.2.3.4",
    "fe80::1%eth0",
]
NONE = [
    "AWS Internal",
    "cloudtrail.amazonaws.com",
    "1.2.3",
    "01.2.3.4",
    "1.2.3.4.5",
    "1.2.3.256",
    " 1.2.3.4",
    "1.2.3.4 ",
]
NONE += [
    "1.2.3.4\n",
    "1.2.3.4/32",
    "1.2.3.4:80",
    "",
    "-",
    ":",
    ":::",
    "2001:db8::1::2",
    "[::1]",
    "::1 ",
    "fe80::1%",
    "1.2.3.4\0",
]
NONE += ["16909060", "0x1.2.3.4", "１.2.3.4", "1.2.3.٤", "::１", "g::1"]


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_is_kept_as_it_is_written(text: str) -> None:
    found = line(source_ip=text, destination_ip=text)
    assert (found["tp_source_ip"], found["tp_destination_ip"], found["tp_ips"]) == (text, text, [text])


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_address_is_no_address(text: str) -> None:
    for _ in range(2):  # seen before or not
        found = line(source_ip=text, destination_ip=text, ips=None)
        assert not {"tp_source_ip", "tp_destination_ip", "tp_ips"} & found.keys()
        assert "tp_ips" not in line(ips=[text])


@given(st.one_of(st.ip_addresses().map(str), st.from_regex(r"[0-9a-f:.]{1,20}\Z"), st.text(max_size=9)))
def test_addresses_are_what_python_says_they_are(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert "tp_source_ip" not in line(source_ip=text)
    else:
        assert line(source_ip=text)["tp_source_ip"] == text


def test_tp_ips_are_source_and_destination_unless_the_row_says_more() -> None:
    assert line(source_ip="1.1.1.1", destination_ip="2.2.2.2")["tp_ips"] == ["1.1.1.1", "2.2.2.2"]
    assert line(source_ip="1.1.1.1", destination_ip="1.1.1.1")["tp_ips"] == ["1.1.1.1"]
    assert line(source_ip="x", destination_ip="2.2.2.2")["tp_ips"] == ["2.2.2.2"]
    assert line(source_ip="1.1.1.1", ips=["3.3.3.3", None, "x", "", "1.1.1.1", "3.3.3.3"])["tp_ips"] == [
        "3.3.3.3",
        "1.1.1.1",
    ]
    assert "tp_ips" not in line(source_ip="1.1.1.1", ips=[])


def test_more_addresses_than_are_remembered_are_still_right() -> None:
    rows = [row_saying(source_ip=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(300)]
    for start in range(0, 70_000, 7_000):
        said = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(start, start + 7_000)]
        assert line(ips=[*said, "no"])["tp_ips"] == said
    assert [one["tp_source_ip"] for one in lines(Batch.of(*rows))][:2] == ["10.0.0.0", "10.0.0.1"]


class From(Row):
    address: str

    def common(self) -> Common:
        return Common(timestamp=NOON, source_ip=self.address)


def test_an_address_that_was_met_among_others_is_written_where_it_is_the_only_one() -> None:
    assert line(source_ip="10.1.1.1", destination_ip="10.1.1.2")["tp_ips"] == ["10.1.1.1", "10.1.1.2"]
    assert line(source_ip="10.1.1.2")["tp_ips"] == ["10.1.1.2"]


def test_threads_may_share_what_is_known_of_addresses() -> None:
    """Each of them makes the others forget, again and again."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    start = threading.Barrier(4)

    def work(_: int) -> list[str]:
        start.wait()
        wrong: list[str] = []
        for block in range(20):
            said = [f"10.9.{block}.{n % 256}" for n in range(1000)]
            said += [f"10.{n >> 8}.{block}.{n & 255}" for n in range(1000)]
            text, _, rejected = press(Batch.of(*(From(address=one) for one in said)), PREFIX, fixed())
            assert not rejected
            found = [json.loads(one).get("tp_source_ip") for one in text.splitlines()]
            wrong += [one for one, kept in zip(said, found, strict=True) if one != kept]
        return wrong

    try:
        with ThreadPoolExecutor(4) as threads:
            assert [one for wrong in threads.map(work, range(4)) for one in wrong] == []
    finally:
        sys.setswitchinterval(interval)


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["akas", "tags", "domains", "emails", "usernames"])
def test_lists_are_without_repeats_and_blanks_in_order(name: str) -> None:
    column = f"tp_{name}"
    assert line(**{name: ["b", None, "a", "", "b", "a", "c"]})[column] == ["b", "a", "c"]
    assert line(**{name: ["a"]})[column] == ["a"]
    assert line(**{name: ("x", "x")})[column] == ["x"]
    for nothing in (None, [], [None], [""], [None, None], ["", None, ""], ()):
        assert column not in line(**{name: nothing})


@given(st.lists(st.one_of(st.none(), st.sampled_from("abc"), st.text(max_size=2))))
def test_a_list_is_what_a_slow_loop_makes_of_it(values: list[str | None]) -> None:
    slow: list[str] = []
    for value in values:
        if value and value not in slow:
            slow.append(value)
    assert line(tags=values).get("tp_tags", []) == slow


# --- index ------------------------------------------------------------------------------------------------------------


def test_tp_index_is_the_partitions_column_else_what_the_row_says_else_default() -> None:
    plain, says = row_saying, {"index": "said"}
    assert lines(Batch.of(plain()))[0]["tp_index"] == "default"
    assert lines(Batch.of(plain(**says)))[0]["tp_index"] == "said"
    assert lines(Batch.of(plain(**says)), index="account")[0]["tp_index"] == "42"
    assert lines(Batch.of(plain()), index="account")[0]["tp_index"] == "42"


def test_where_the_partitions_column_is_null_or_empty_the_next_rule_holds() -> None:
    empty: Any = row_saying(index="said")
    empty.account = ""
    assert lines(Batch.of(empty), index="account")[0]["tp_index"] == "said"
    assert lines(Batch.of(row_saying(index="")), index="number")[0]["tp_index"] == "default"
    zero: Any = row_saying()
    zero.number = 0
    assert lines(Batch.of(zero), index="number")[0]["tp_index"] == "0"


# --- what is the same for an artifact ---------------------------------------------------------------------------------


def test_an_artifact_gives_its_place_and_the_collection_its_names() -> None:
    (found,) = lines(Batch.of(Word(word="x")))
    assert found == {
        "tp_id": f"{PREFIX}-00000000",
        "tp_timestamp": "2026-01-02T12:00:00Z",
        "tp_table": "t",
        "tp_partition": "p",
        "tp_source_type": "file",
        "tp_source_location": "/var/log/a",
        "tp_ingest_timestamp": "2026-01-02T12:00:00Z",
        "tp_index": "default",
        "tp_date": "2026-01-02",
        "word": "x",
    }


def test_what_a_layout_captured_under_tp_names_is_in_each_row() -> None:
    metadata = {"tp_source_name": "bucket", "account_id": "1", "tp_source_location": "s3://bucket/key"}
    found = lines(Batch.of(Word(), Word()), constant=fixed(Artifact("key", metadata=metadata)))
    assert [one["tp_source_name"] for one in found] == ["bucket", "bucket"]
    assert found[0]["tp_source_location"] == "s3://bucket/key"
    assert "account_id" not in found[0]


@pytest.mark.parametrize("name", [*Row.__struct_fields__, "tp_table", "tp_partition", "tp_source_type"])
def test_a_layout_cannot_say_what_is_for_others_to_say(name: str) -> None:
    constant = fixed(Artifact("a", metadata={name: "captured"}))
    (found,) = lines(Batch.of(Word()), constant=constant)
    assert "captured" not in found.values()


def test_a_file_name_that_is_not_utf8_is_shown_with_escapes(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/a\xff\xe9\xc3\xa9.json")
    (found,) = lines(Batch.of(Word()), constant=fixed(Artifact(name)))
    assert found["tp_source_location"] == f"{tmp_path}/a\\xff\\xe9é.json"
    assert identity("file", "", name) == reference.tp_id("file", "", name, "", 0, 0)[:16]


def test_quotes_in_names_stay_within_their_values() -> None:
    odd = 'x","tp_id":"y\\\n'
    constant = fixed(Artifact(odd, metadata={"tp_source_name": odd}), table="t", partition="p")
    (found,) = lines(Batch.of(Word()), constant=constant)
    assert found["tp_source_location"] == found["tp_source_name"] == odd
    assert found["tp_id"] == f"{PREFIX}-00000000"


# --- rejected ---------------------------------------------------------------------------------------------------------


class Fussy(Row):
    time: datetime
    word: str | None = None
    number: int | None = None
    more: Json[dict[str, Any]] | None = None

    def common(self) -> Common:
        if self.word == "bad":
            raise KeyError("no such word")
        if self.word == "none":
            return None  # type: ignore[return-value]
        if self.word == "text":
            return Common(timestamp="yesterday")  # type: ignore[arg-type]
        return Common(timestamp=self.time)


@pytest.mark.parametrize("way", [at_once, one_by_one])
@pytest.mark.parametrize("word", ["bad", "none", "text"])
def test_a_row_that_cannot_say_its_common_columns_is_rejected_with_its_bytes_as_found(way: Any, word: str) -> None:
    good = b'{%b, "more":{"n":1.10}}' % TIME
    bad = b'{ "word": "%b",  "new":1e5, %b}' % (word.encode(), TIME)
    batch = way(reader(Fussy), [good, bad, good], 40)
    text, count, rejected = press(batch, PREFIX, fixed(), None)
    assert count == 2 and len(text.splitlines()) == 2
    assert [json.loads(one)["tp_id"][17:] for one in text.splitlines()] == ["00000028", "0000002a"]
    (one,) = rejected
    assert (one.raw, one.number, one.stage) == (bad, 41, "common")
    assert "Error" in one.reason and "\n" not in one.reason


def test_a_reason_names_the_authors_line() -> None:
    batch = at_once(reader(Fussy), [b'{%b,"word":"bad"}' % TIME])
    _, _, rejected = press(batch, PREFIX, fixed(), None)
    assert rejected[0].reason.startswith("KeyError: 'no such word' (test_enrich.py:")


UNWRITABLE: list[Callable[[], Any]] = [object, lambda: {"a": object()}, lambda: "\ud800", lambda: {1: {2, object()}}]


@pytest.mark.parametrize("make", UNWRITABLE)
def test_a_row_that_cannot_be_written_is_rejected_alone(make: Callable[[], Any]) -> None:
    texts = [b'{%b,"number":%d}' % (TIME, n) for n in range(4)]
    batch = at_once(reader(Fussy), texts, 10)
    batch.rows[2].more = make()
    text, count, rejected = press(batch, PREFIX, fixed(), None)
    assert count == 3
    assert [json.loads(one)["number"] for one in text.splitlines()] == [0, 1, 3]
    assert [(bad.raw, bad.number, bad.stage) for bad in rejected] == [(texts[2], 12, "encode")]


def test_an_endless_value_is_rejected_alone() -> None:
    loop: list[Any] = []
    loop.append(loop)
    batch = at_once(reader(Fussy), [b"{%b}" % TIME] * 2)
    batch.rows[0].more = {"a": loop}
    _, count, rejected = press(batch, PREFIX, fixed(), None)
    assert count == 1 and [bad.number for bad in rejected] == [0]


def test_what_was_rejected_before_comes_first_and_all_is_counted() -> None:
    before = Rejected(b"x", "was bad", 3)
    batch = attrs.evolve(at_once(reader(Fussy), [b'{%b,"word":"bad"}' % TIME]), rejected=(before,), received=2)
    text, count, rejected = press(batch, PREFIX, fixed(), None)
    assert (text, count) == (b"", 0)
    assert rejected[0] == before and len(rejected) == 2


def test_an_empty_batch_has_no_lines() -> None:
    assert press(Batch((), (), 5), PREFIX, fixed(), None) == (b"", 0, ())


@pytest.mark.parametrize("thing", ["text", b"bytes", {"a": 1}, None, 1])
def test_a_chain_that_ends_in_something_else_than_rows_says_what_to_add(thing: Any) -> None:
    with pytest.raises(TypeError, match=f"the chain ends in {type(thing).__name__}, not in rows: .*ops.json_lines"):
        press(Batch.of(thing), PREFIX, fixed(), None)
