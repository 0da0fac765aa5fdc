"""The reference writer against rows written by hand, and its columns against the frozen list."""

import json
from pathlib import Path
from typing import Any

import pytest
from reference_writer import COLUMNS, Float, canonical, cloudtrail_row, duckdb_type, loads, tp_id

HERE = Path(__file__).resolve().parent
SCHEMA = json.loads((HERE / "schemas" / "aws_cloudtrail_log.json").read_text())
SAMPLES = HERE.parent.parent / "shared" / "data" / "cloudtrail" / "invictus"
TIME = "2026-01-05T10:11:12Z"


def row(**record: Any) -> dict[str, Any]:
    """The row of a record that has a time, without the columns that come from the time alone."""
    found = cloudtrail_row({"eventTime": TIME, **record})
    return {k: v for k, v in found.items() if k not in ("event_time", "tp_timestamp", "tp_date", "tp_index")}


def test_a_whole_record_becomes_its_row() -> None:
    raw = """{
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:bob",
            "arn": "arn:aws:sts::012345678901:assumed-role/Admin/bob",
            "accountId": "012345678901",
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "userName": "Admin", "accountId": null},
                "webIdFederationData": {"federatedProvider": "p", "attributes": {"someKey": null}},
                "attributes": {"creationDate": "2026-01-05T09:00:00Z", "mfaAuthenticated": "false"},
                "sourceIdentity": "bob"
            },
            "onBehalfOf": {"userId": "u"}
        },
        "eventTime": "2026-01-05T10:11:12Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "StopInstances",
        "sourceIPAddress": "2001:db8::1",
        "requestParameters": {"big": 9007199254740993, "nothing": null, "price": 1.50},
        "responseElements": null,
        "requestID": "r",
        "eventID": "e",
        "readOnly": false,
        "resources": [{"accountId": "012345678901", "ARN": "arn:aws:ec2:us-east-1:012345678901:instance/i-1"}],
        "managementEvent": true,
        "recipientAccountId": "012345678901",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "keyExchange": "x"},
        "addendum": {"reason": null}
    }"""
    assert cloudtrail_row({}, raw=raw) == {
        "event_version": "1.08",
        "user_identity": {
            "type": "AssumedRole",
            "principal_id": "AROAEXAMPLE:bob",
            "arn": "arn:aws:sts::012345678901:assumed-role/Admin/bob",
            "account_id": "012345678901",
            "access_key_id": "ASIAEXAMPLE",
            "session_context": {
                "session_issuer": {"type": "Role", "user_name": "Admin"},
                "web_id_federation_data": {"federated_provider": "p", "attributes": {"someKey": None}},
                "attributes": {"creation_date": 1767603600000, "mfa_authenticated": "false"},
            },
        },
        "event_time": "2026-01-05T10:11:12Z",
        "event_source": "ec2.amazonaws.com",
        "event_name": "StopInstances",
        "source_ip_address": "2001:db8::1",
        "request_parameters": {"big": 9007199254740993, "nothing": None, "price": Float("1.50")},
        "request_id": "r",
        "event_id": "e",
        "read_only": False,
        "resources": [{"accountId": "012345678901", "ARN": "arn:aws:ec2:us-east-1:012345678901:instance/i-1"}],
        "management_event": True,
        "recipient_account_id": "012345678901",
        "tls_details": {"tls_version": "TLSv1.3"},
        "extra": {
            "userIdentity.sessionContext.sourceIdentity": "bob",
            "userIdentity.onBehalfOf": {"userId": "u"},
            "tlsDetails.keyExchange": "x",
            "addendum": {"reason": None},
        },
        "tp_timestamp": "2026-01-05T10:11:12Z",
        "tp_date": "2026-01-05",
        "tp_index": "default",
        "tp_source_ip": "2001:db8::1",
        "tp_ips": ["2001:db8::1"],
        "tp_akas": ["arn:aws:ec2:us-east-1:012345678901:instance/i-1", "012345678901", "i-1"],
    }


@pytest.mark.parametrize(
    ("text", "time", "date"),
    [
        ("2026-01-05T10:11:12Z", "2026-01-05T10:11:12Z", "2026-01-05"),
        ("2026-01-05T23:30:00-02:00", "2026-01-06T01:30:00Z", "2026-01-06"),
        ("2026-01-05T10:11:12.5Z", "2026-01-05T10:11:12.500000Z", "2026-01-05"),
    ],
)
def test_times_are_in_utc(text: str, time: str, date: str) -> None:
    found = cloudtrail_row({"eventTime": text})
    assert found == {"event_time": time, "tp_timestamp": time, "tp_date": date, "tp_index": "default"}


@pytest.mark.parametrize("address", ["AWS Internal", "ec2.amazonaws.com", "10.0.0.256", "10.0.0.1/8", ""])
def test_what_is_no_address_stays_in_its_column_only(address: str) -> None:
    assert row(sourceIPAddress=address) == {"source_ip_address": address}


@pytest.mark.parametrize(
    ("arns", "akas"),
    [
        (["arn:aws:s3:::b/k", "arn:aws:s3:::b"], ["arn:aws:s3:::b/k", "b/k", "arn:aws:s3:::b", "b"]),
        (["arn:aws:ec2:r:111122223333:volume/vol-1"] * 2, [
            "arn:aws:ec2:r:111122223333:volume/vol-1", "111122223333", "vol-1",
        ]),
        (["arn:aws:ec2:r:111122223333:subnet/s"], ["arn:aws:ec2:r:111122223333:subnet/s", "111122223333"]),
        (["arn:aws:sns:r:111122223333:topic:x", "arn:aws:kms:r:111122223333:key/k"], [
            "arn:aws:sns:r:111122223333:topic:x", "111122223333", "arn:aws:kms:r:111122223333:key/k",
        ]),
    ],
)  # fmt: skip
def test_akas_are_the_names_of_the_resources_once_each(arns: list[str], akas: list[str]) -> None:
    assert row(resources=[{"ARN": arn} for arn in arns])["tp_akas"] == akas


def test_what_is_no_arn_is_no_aka() -> None:
    assert "tp_akas" not in row(resources=[{"ARN": "arn:aws:s3"}, {"ARN": None}, {"type": "AWS::S3::Object"}, "text"])


@pytest.mark.parametrize(
    ("identity", "names"),
    [
        ({"accessKeyId": "AKIAEXAMPLE", "userName": "bob"}, ["AKIAEXAMPLE", "bob"]),
        ({"userName": "bob", "accessKeyId": "ASIAEXAMPLE"}, ["bob"]),
        ({"accessKeyId": "AKIAEXAMPLE", "userName": "AKIAEXAMPLE"}, ["AKIAEXAMPLE"]),
        ({"accessKeyId": "", "userName": ""}, None),
        (None, None),
    ],
)
def test_usernames_are_the_permanent_key_and_the_name(identity: Any, names: list[str] | None) -> None:
    assert row(userIdentity=identity).get("tp_usernames") == names


def test_a_record_cannot_fill_our_columns() -> None:
    assert row(tp_id="x", event_id="y") == {"extra": {"tp_id": "x", "event_id": "y"}}


@pytest.mark.parametrize(
    "record",
    [
        {"eventTime": None},
        {"eventTime": 1767603600},
        {"eventTime": "yesterday"},
        {"eventID": 7},
        {"readOnly": "true"},
        {"userIdentity": "root"},
        {"userIdentity": {"sessionContext": {"attributes": {"creationDate": "soon"}}}},
        {"tlsDetails": []},
    ],
)
def test_a_value_of_another_type_makes_no_row(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"eventTime|is no|not an RFC|not an object"):
        row(**record)


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '{"a":{"b":1,"b":2}}', "[NaN]", "[-Infinity]"])
def test_what_is_no_strict_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"twice|is not JSON"):
        loads(text)


def test_numbers_are_read_as_they_are_written() -> None:
    assert loads("[1.50, 1e400, 123456789012345678901, -1]") == [
        Float("1.50"), Float("1e400"), 123456789012345678901, -1,
    ]  # fmt: skip


def test_canonical_drops_nulls_but_not_those_of_json() -> None:
    assert canonical(
        {
            "error_code": None,
            "user_identity": {"arn": None, "session_context": {"web_id_federation_data": {"attributes": {"a": None}}}},
            "request_parameters": {"a": None, "b": []},
            "tp_ips": [],
            "tp_tags": None,
            "extra": {"a": None},
        }
    ) == {
        "user_identity": {"session_context": {"web_id_federation_data": {"attributes": {"a": None}}}},
        "request_parameters": {"a": None, "b": []},
        "extra": {"a": None},
    }


def test_an_id_says_the_artifact_the_record_and_the_row() -> None:
    # printf 'file\0\0/logs/a.gz\0\0%s' 0 | b2sum -l 64
    assert tp_id("file", "", "/logs/a.gz", "", 0, 255) == "7ab06424a8c29f4b-000000ff"
    assert tp_id("file", "", "/logs/a.gz", "", 0, 255, 2) == "7ab06424a8c29f4b-000000ff-2"
    assert tp_id("file", "", "/logs/\udcff.gz", "m", "1", 0) == "ef91afa628f4d0d8-00000000"


def test_the_columns_are_those_of_the_frozen_list() -> None:
    assert [{"name": name, "type": duckdb_type(kind)} for name, kind in COLUMNS.values()] == SCHEMA


def test_duckdb_takes_the_frozen_types(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    path = tmp_path / "rows.jsonl"
    found = row(userIdentity={"sessionContext": {"attributes": {"creationDate": TIME}}}, requestParameters={"a": [1]})
    path.write_text(json.dumps(found | {"event_time": TIME}))
    columns = "{" + ", ".join(f"{column['name']}: '{column['type']}'" for column in SCHEMA) + "}"
    query = "SELECT user_identity.session_context.attributes.creation_date, request_parameters->>'$.a[0]', event_time"
    with duckdb.connect() as connection:
        (got,) = connection.execute(f"{query}::VARCHAR FROM read_ndjson('{path}', columns={columns})").fetchall()
    assert got == (1767607872000, "1", "2026-01-05 10:11:12")


def test_every_real_sample_has_a_row() -> None:
    if not SAMPLES.exists():
        pytest.skip("no CloudTrail samples beside the repository")
    rows = [
        canonical(cloudtrail_row(record))
        for path in sorted(SAMPLES.glob("*.json"))
        for record in loads(path.read_bytes())["Records"]
    ]
    assert len({found["event_id"] for found in rows}) == len(rows) == 2900
    assert not any("extra" in found for found in rows)
