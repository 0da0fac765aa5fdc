"""`aws_cloudtrail_log`: its columns, and each of its rows against the slow reference writer."""

import gzip
import itertools
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import reactivex
import reference_writer as reference

from tailpipe_rx.events import Artifact, Rejected
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.rows.enrich import constants, identity, press
from tailpipe_rx.rows.schema import schema
from tailpipe_rx.tables.aws.cloudtrail import CloudTrailLog, cloudtrail, unix_millis

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT.parent / "shared" / "data" / "cloudtrail"
sys.path.append(str(ROOT / "bench"))
import generate  # noqa: E402
import shapes  # noqa: E402

sampled = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample logs (../shared/data) are not on this machine")


def read(content: bytes | Path, name: str = "a") -> list[Batch[CloudTrailLog]]:
    """The batches of an artifact, through the chain as it is collected; raises what ended it."""
    batches: list[Batch[CloudTrailLog]] = []
    errors: list[Exception] = []
    reactivex.of(Artifact(name, content=content)).pipe(cloudtrail.extract).subscribe(batches.append, errors.append)
    if errors:
        raise errors[0]
    return batches


def pressed(content: bytes | Path, name: str = "a") -> tuple[list[dict[str, Any]], list[Rejected]]:
    """The rows as they are written, in the form of the reference writer, and what was rejected."""
    artifact = Artifact(name)
    now = datetime.now(UTC)
    fixed = constants(table="aws_cloudtrail_log", partition="p", source_type="file", artifact=artifact, ingested=now)
    rows: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    for batch in read(content, name):
        lines, count, bad = press(batch, identity("file", "", name), fixed, None)
        assert batch.received == count + len(bad)
        rows += map(reference.loads, lines.splitlines())
        rejected += bad
    return rows, rejected


AROUND = {
    "tp_table": "aws_cloudtrail_log",
    "tp_partition": "p",
    "tp_source_type": "file",
}


def assert_as_reference(rows: list[dict[str, Any]], records: Iterator[Any], name: str = "a") -> int:
    """Each row is what the reference writer makes of its record, in every column."""
    count = 0
    for number, (row, record) in enumerate(zip(rows, records, strict=True)):
        wanted = reference.cloudtrail_row(record) | AROUND
        wanted |= {"tp_source_location": name, "tp_id": reference.tp_id("file", "", name, "", 0, number)}
        found = dict(row)
        assert found.pop("tp_ingest_timestamp").endswith("Z")
        assert reference.canonical(found) == reference.canonical(wanted)
        assert _ordered(found.get("request_parameters")) == _ordered(record.get("requestParameters"))
        count += 1
    return count


def _ordered(value: Any) -> str:
    return json.dumps(value, default=vars)


def event(**more: Any) -> dict[str, Any]:
    return {"eventTime": "2026-01-02T03:04:05Z", "eventID": "1"} | more


def document(*records: Any, **style: Any) -> bytes:
    return json.dumps({"Records": records}, **style).encode()


# --- columns ----------------------------------------------------------------------------------------------------------


def test_the_columns_are_those_of_tailpipes_table() -> None:
    frozen = json.loads((ROOT / "tests" / "schemas" / "aws_cloudtrail_log.json").read_text())
    assert [{"name": column.name, "type": column.type} for column in schema(CloudTrailLog)] == frozen


def test_each_column_says_what_it_is_and_only_the_time_is_required() -> None:
    assert all(column.description.endswith(".") for column in schema(CloudTrailLog))
    assert [column.name for column in schema(CloudTrailLog) if column.required] == ["event_time"]


def test_the_names_of_the_format_are_those_of_the_reference_writer() -> None:
    from tailpipe_rx.rows.reader import reader

    assert {name: column for column, name in reader(CloudTrailLog).names.items()} == {
        name: column for name, (column, _) in reference.COLUMNS.items()
    }


# --- every sample -----------------------------------------------------------------------------------------------------


@sampled
def test_every_sample_record_is_the_row_that_the_reference_writer_makes_of_it() -> None:
    count, events = 0, set()
    for path in sorted((SAMPLES / "invictus").glob("*.json")):
        rows, rejected = pressed(path, str(path))
        assert rejected == []
        records = reference.loads(path.read_bytes())["Records"]
        count += assert_as_reference(rows, records, str(path))
        events |= {row["event_id"] for row in rows}
    assert count == len(events) == 2900


@sampled
def test_samples_from_elsewhere_are_read_as_well() -> None:
    path = SAMPLES / "lambda-promtail_cloudtrail-log-file.json.gz"
    rows, rejected = pressed(path)
    assert rejected == []
    records = reference.loads(gzip.decompress(path.read_bytes()))["Records"]
    assert assert_as_reference(rows, records) == len(records) > 0


@sampled
def test_what_is_another_kind_of_event_is_rejected_and_not_lost() -> None:
    path = SAMPLES / "otrf_ec2_proxy_s3_exfiltration.jsonl"
    rows, rejected = pressed(path)
    assert len(rows) + len(rejected) == len([line for line in path.read_bytes().splitlines() if line.strip()])


@pytest.mark.parametrize("unknown", [False, True], ids=["known fields", "unknown fields"])
@pytest.mark.parametrize("style", ["compact", "spaced", "lines", "pretty"])
def test_generated_records_are_the_rows_that_the_reference_writer_makes_of_them(style: str, unknown: bool) -> None:
    records = [reference.loads(text) for text in generated(2000 if style == "compact" else 300, unknown)]
    rows, rejected = pressed(styled(records, style))
    assert rejected == []
    assert assert_as_reference(rows, iter(records)) == len(records)
    assert any("extra" in row for row in rows) or not unknown


def generated(rows: int, unknown: bool) -> list[str]:
    found = list(itertools.islice(shapes.cloudtrail_records(rows, seed=3, unknown=unknown), rows))
    return [record if isinstance(record, str) else record.decode() for record in found]


def styled(records: list[Any], style: str) -> bytes:
    texts = [written(record) for record in records]
    if style == "lines":
        return "\n".join(texts).encode()
    joined = f'{{"Records":[{",".join(texts)}]}}'
    if style == "compact":
        return joined.encode()
    plain = json.loads(joined)
    return json.dumps(plain, indent=2 if style == "pretty" else None).encode()


def written(value: Any) -> str:
    """As AWS writes it: compact, numbers as they were."""
    if isinstance(value, reference.Float):
        return value.text
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(k)}:{written(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return json.dumps(value, ensure_ascii=False)


def test_the_generator_and_the_table_agree_over_files(tmp_path: Path) -> None:
    generate.cloudtrail(200, tmp_path, files=2, unknown=True)
    for path in sorted(tmp_path.glob("*.gz")):
        rows, rejected = pressed(path, str(path))
        assert rejected == []
        assert (
            assert_as_reference(rows, reference.loads(gzip.decompress(path.read_bytes()))["Records"], str(path)) == 100
        )


# --- odd input --------------------------------------------------------------------------------------------------------


def test_a_record_without_time_costs_one_record() -> None:
    bad = {"eventID": "2"}
    rows, rejected = pressed(gzip.compress(document(event(), bad, event())))
    assert [row["tp_id"][17:] for row in rows] == ["00000000", "00000002"]
    assert [json.loads(one.raw) for one in rejected] == [bad]
    assert rejected[0].number == 1 and "eventTime" in rejected[0].reason


def test_an_odd_value_in_a_json_column_is_kept_as_it_is() -> None:
    rows, rejected = pressed(gzip.compress(document(event(), event(requestParameters="x"), event(resources=5))))
    assert rejected[:1] == [] or [json.loads(r.raw)["resources"] for r in rejected] == [5]
    assert rows[1]["request_parameters"] == "x"
    assert len(rows) + len(rejected) == 3


def test_a_digest_has_no_rows_and_is_not_lost() -> None:
    digest = json.dumps({"digestStartTime": "2026-01-02T03:04:05Z", "logFiles": []}).encode()
    rows, rejected = pressed(digest)
    assert rows == []
    assert [one.raw for one in rejected] == [digest]


@pytest.mark.parametrize(
    "content",
    [
        document(event(), event()),
        document(event(), event(), indent=2),
        json.dumps([event(), event()]).encode(),
        json.dumps([event(), event()], indent="\t").encode(),
        b"\n".join(json.dumps(event()).encode() for _ in range(2)),
        b"\r\n".join(json.dumps(event()).encode() for _ in range(2)),
        b"\n".join(json.dumps(event(), indent=1).encode() for _ in range(2)),
        gzip.compress(b'{"Records":[%b' % json.dumps(event()).encode())
        + gzip.compress(b",%b]}" % json.dumps(event()).encode()),
        b"\xef\xbb\xbf" + document(event(), event()),
    ],
    ids=["Records", "pretty", "array", "tabs", "lines", "CRLF", "pretty lines", "two gzip members", "byte order mark"],
)
def test_each_form_of_the_log_gives_the_same_rows(content: bytes) -> None:
    rows, rejected = pressed(content)
    assert rejected == []
    assert assert_as_reference(rows, iter([event(), event()])) == 2


def test_a_single_event_is_a_record() -> None:
    rows, rejected = pressed(json.dumps(event()).encode())
    assert len(rows) == 1 and rejected == []


def test_plain_text_under_a_name_of_gzip_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "trail.json.gz"
    path.write_bytes(document(event(), event()))
    rows, rejected = pressed(path)
    assert len(rows) == 2 and rejected == []


# --- what rows say ----------------------------------------------------------------------------------------------------


def row(**more: Any) -> dict[str, Any]:
    rows, rejected = pressed(document(event(**more)))
    assert rejected == []
    return rows[0]


def test_user_identity_is_a_struct_with_its_session_in_milliseconds() -> None:
    attributes = {"creationDate": "2026-01-02T03:04:05.678Z", "mfaAuthenticated": "false"}
    who = {"type": "AssumedRole", "sessionContext": {"attributes": attributes}, "onBehalfOf": {"userId": "u"}}
    found = row(userIdentity=who)
    assert found["user_identity"] == {
        "type": "AssumedRole",
        "session_context": {"attributes": {"creation_date": 1767323045678, "mfa_authenticated": "false"}},
    }
    assert found["extra"] == {"userIdentity.onBehalfOf": {"userId": "u"}}


@pytest.mark.parametrize("odd", ["yesterday", "", 5, {}])
def test_a_session_with_an_odd_date_is_rejected(odd: Any) -> None:
    who = {"sessionContext": {"attributes": {"creationDate": odd}}}
    rows, rejected = pressed(document(event(), event(userIdentity=who)))
    assert len(rows) == 1 and len(rejected) == 1


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ({"accessKeyId": "AKIAX", "userName": "ada"}, ["AKIAX", "ada"]),
        ({"accessKeyId": "ASIAX", "userName": "ada"}, ["ada"]),
        ({"accessKeyId": "AKIAX"}, ["AKIAX"]),
        ({"accessKeyId": ""}, None),
        ({"userName": ""}, None),
        ({"type": "AWSService"}, None),
    ],
)
def test_user_names_are_the_user_and_a_key_that_is_somebodys_own(who: dict[str, str], names: list[str] | None) -> None:
    assert row(userIdentity=who).get("tp_usernames") == names


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::bucket",
        "arn:aws:s3:::bucket/key:with:colons",
        "arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc",
        "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1",
        "arn:aws:ec2:eu-west-1:111122223333:subnet/s-1",
        "arn:aws:iam::111122223333:role/a/b",
        "arn:aws:kms:eu-west-1:111122223333:key/1",
        "arn:aws:short",
        "",
    ],
)
def test_akas_are_as_the_reference_writer_says(arn: str) -> None:
    found = row(resources=[{"ARN": arn, "accountId": "1"}, {"type": "x"}, {"ARN": arn}])
    wanted = list(dict.fromkeys(name for name in reference.akas_of(arn) if name))
    assert found.get("tp_akas", []) == wanted


@pytest.mark.parametrize("address", ["AWS Internal", "cloudtrail.amazonaws.com", "203.0.113.7", "2001:db8::1"])
def test_the_source_is_kept_as_text_and_is_an_address_only_if_it_is_one(address: str) -> None:
    found = row(sourceIPAddress=address)
    assert found["source_ip_address"] == address
    assert found.get("tp_source_ip") == (address if reference.is_address(address) else None)
    assert found.get("tp_ips") == ([address] if reference.is_address(address) else None)


def test_milliseconds_of_times_with_and_without_zone() -> None:
    assert unix_millis("1970-01-01T00:00:00Z") == 0
    assert unix_millis("1970-01-01T01:00:00.001+01:00") == 1
    assert unix_millis("1970-01-01T00:00:01") == 1000
    assert unix_millis("1969-12-31T23:59:59.999Z") == -1
