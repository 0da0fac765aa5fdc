"""DuckDB reads the chunks with the declared schema."""

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tailpipe_rx.events import ChunkWritten, Completed
from tailpipe_rx.plugin import collect
from tailpipe_rx.rows.schema import COMMON, EXTRA, Column, schema
from tailpipe_rx.sources.files import FileSource
from tailpipe_rx.tables.aws.cloudtrail import CloudTrailLog, cloudtrail

ROOT = Path(__file__).resolve().parents[2]
INVICTUS = ROOT.parent / "shared" / "data" / "cloudtrail" / "invictus"
sys.path.append(str(ROOT / "bench"))
import generate  # noqa: E402

COLUMNS: list[Column] = [*COMMON, EXTRA, *schema(CloudTrailLog)]


def collected(logs: Path, into: Path, rows: int, chunk_rows: int = 10_000) -> duckdb.DuckDBPyConnection:
    """A table *t* of all chunks, read as declared: a value that cannot be cast fails the whole statement."""
    events = list(collect(cloudtrail, FileSource(logs), into=into, chunk_rows=chunk_rows))
    end = events[-1]
    assert isinstance(end, Completed) and end.error is None
    assert sum(event.rows for event in events if isinstance(event, ChunkWritten)) == end.rows == rows
    db = duckdb.connect()
    declared = ", ".join(f"\"{column.name}\": '{column.type}'" for column in COLUMNS)
    db.execute(f"CREATE TEMP TABLE t AS SELECT * FROM read_ndjson('{into}/*.jsonl', columns={{{declared}}})")
    return db


def one(db: duckdb.DuckDBPyConnection, query: str) -> Any:
    found = db.execute(query).fetchone()
    assert found is not None
    return found[0] if len(found) == 1 else found


def assert_whole(db: duckdb.DuckDBPyConnection, rows: int) -> None:
    assert one(db, "SELECT count(*), count(DISTINCT tp_id) FROM t") == (rows, rows)
    for column in COLUMNS:
        if column.required:
            assert one(db, f"SELECT count(*) FROM t WHERE {column.name} IS NULL") == 0, column.name
    assert one(db, "SELECT count(*) FROM t WHERE tp_date != tp_timestamp::DATE OR tp_timestamp != event_time") == 0
    for column in ("tp_ips", "tp_akas", "tp_usernames"):
        assert one(db, f"SELECT count(*) FROM t WHERE len({column}) = 0") == 0


@pytest.mark.skipif(not INVICTUS.is_dir(), reason="the sample logs (../shared/data) are not on this machine")
def test_duckdb_reads_the_samples_as_declared(tmp_path: Path) -> None:
    db = collected(INVICTUS, tmp_path / "out", 2900)
    assert_whole(db, 2900)
    texts = [path.read_text() for path in INVICTUS.glob("*.json")]
    records = [record for text in texts for record in json.loads(text)["Records"]]
    for column, name in (
        ("event_id", "eventID"),
        ("user_agent", "userAgent"),
        ("recipient_account_id", "recipientAccountId"),
    ):
        values = sorted(value for (value,) in db.execute(f"SELECT {column} FROM t").fetchall() if value is not None)
        assert values == sorted(r[name] for r in records if r.get(name) is not None)


@pytest.mark.parametrize("unknown", [False, True], ids=["known fields", "unknown fields"])
def test_duckdb_reads_generated_rows_as_declared(tmp_path: Path, unknown: bool) -> None:
    (tmp_path / "in").mkdir()
    generate.cloudtrail(2000, tmp_path / "in", files=3, unknown=unknown)
    db = collected(tmp_path / "in", tmp_path / "out", 2000, chunk_rows=700)
    assert len(list((tmp_path / "out").glob("*.jsonl"))) == 3
    assert_whole(db, 2000)
    assert (one(db, "SELECT count(*) FROM t WHERE extra IS NOT NULL") > 0) or not unknown


def test_fields_of_a_struct_are_columns_to_sql(tmp_path: Path) -> None:
    write(
        tmp_path / "in",
        userIdentity={
            "userName": "ada",
            "sessionContext": {
                "attributes": {"creationDate": "2026-01-02T03:04:05Z", "mfaAuthenticated": "true"},
                "webIdFederationData": {"attributes": {"a": 15}},
            },
            "onBehalfOf": {"userId": "u"},
        },
        tlsDetails={"tlsVersion": "TLSv1.3"},
        requestParameters={"bucketName": "b", "n": 9007199254740993},
        resources=[{"ARN": "arn:aws:s3:::b", "accountId": "000000000001"}],
        sourceIPAddress="203.0.113.7",
    )
    db = collected(tmp_path / "in", tmp_path / "out", 1)
    context = "user_identity.session_context"
    assert one(db, f"SELECT {context}.attributes.creation_date FROM t") == 1767323045000
    assert one(db, f"SELECT epoch_ms({context}.attributes.creation_date)::VARCHAR FROM t") == "2026-01-02 03:04:05"
    assert one(db, f"SELECT {context}.attributes.mfa_authenticated FROM t") == "true"
    assert one(db, f"SELECT {context}.web_id_federation_data.attributes::VARCHAR FROM t") == '{"a":15}'
    assert one(db, "SELECT user_identity.user_name, tls_details.tls_version FROM t") == ("ada", "TLSv1.3")
    assert one(db, "SELECT request_parameters ->> 'bucketName', request_parameters ->> 'n' FROM t") == (
        "b",
        "9007199254740993",
    )
    assert one(db, "SELECT resources ->> '$[0].accountId' FROM t") == "000000000001"
    assert one(db, "SELECT extra ->> '$.\"userIdentity.onBehalfOf\".userId' FROM t") == "u"
    assert one(db, "SELECT tp_akas, tp_ips FROM t") == (["arn:aws:s3:::b", "b"], ["203.0.113.7"])


NESTED = 127  # levels in a record, which is a level itself
OBJECTS = '{"a":' * NESTED + "1" + "}" * NESTED


@pytest.mark.parametrize(
    "more",
    [
        '"userAgent":"a\\u0000b"',
        '"userAgent":"\\ud83d\\ude00 \\u2028 \\u007f"',
        '"requestParameters":{"n":1e400,"m":123456789012345678901234567890,"o":-0}',
        '"requestParameters":{"a":1,"a":2}',
        '"requestParameters":{"\\u0000":1}',
        '"requestParameters":null,"userIdentity":null,"readOnly":null',
        '"requestParameters":"text","responseElements":5,"additionalEventData":[]',
        '"userIdentity":{}',
        '"new":{"a":1e400},"tp_id":"x","extra":null',
        f'"requestParameters":{"[" * NESTED}{"]" * NESTED}',
        f'"requestParameters":{OBJECTS}',
        f'"new":{OBJECTS}',
        f'"new":{"[" * NESTED}{"]" * NESTED}',
        f'"userIdentity":{{"new":{"[" * (NESTED - 1)}{"]" * (NESTED - 1)}}}',
        '"requestParameters":{\r\n"a":\n[1,\r2]}',
    ],
)
def test_whatever_becomes_a_row_duckdb_can_read(tmp_path: Path, more: str) -> None:
    (tmp_path / "in").mkdir()
    text = f'{{"Records":[{{"eventTime":"2026-01-02T03:04:05Z",{more}}},{{"eventTime":"0001-01-01T00:00:00Z"}}]}}'
    (tmp_path / "in" / "trail.json").write_bytes(text.encode())
    db = collected(tmp_path / "in", tmp_path / "out", 2)
    assert one(db, "SELECT count(*), min(event_time)::VARCHAR FROM t") == (2, "0001-01-01 00:00:00")


def write(directory: Path, **event: Any) -> None:
    directory.mkdir()
    record = {"eventTime": "2026-01-02T03:04:05Z", "eventID": "1"} | event
    text = json.dumps({"Records": [record]})
    (directory / "trail.json").write_text(text)
