"""`examples/cloudtrail.py`: a table in the manner of the shipped one."""

from collections.abc import Callable
from pathlib import Path

from cloudtrail import CloudTrailChange, Resource, changes, changes_something
from written import LOGS, lines, run

from tailpipe_rx import ArtifactExtracted, FileSource, ops, schema
from tailpipe_rx.tables.aws.cloudtrail import CloudTrailLog, cloudtrail
from tailpipe_rx.testing import log

Marbles = Callable[..., None]


def test_only_changes_become_rows_and_the_other_records_are_accounted_for(tmp_path: Path) -> None:
    events = run(changes, FileSource(LOGS / "AWSLogs"), tmp_path)
    ended = [event for event in events if isinstance(event, ArtifactExtracted)]
    assert sum(event.received for event in ended) == 52
    rows = lines(tmp_path)
    assert len(rows) == sum(event.enriched for event in ended) == 52 - sum(event.filtered for event in ended)
    assert {row["read_only"] for row in rows} == {False}
    assert {row["tp_index"] for row in rows} == {"111122223333", "444455556666"}


def test_its_rows_are_those_of_the_shipped_table_with_fewer_columns() -> None:
    mine = {row.event_id: row for row in changes.rows(LOGS / "AWSLogs")}
    theirs = {row.event_id: row for row in cloudtrail.rows(LOGS / "AWSLogs") if row.read_only is False}
    assert mine.keys() == theirs.keys()
    for event_id, row in mine.items():
        shipped = theirs[event_id]
        assert (row.event_time, row.event_name, row.source_ip_address) == (
            shipped.event_time,
            shipped.event_name,
            shipped.source_ip_address,
        )
        assert row.request_parameters == shipped.request_parameters


def test_a_nested_field_that_is_no_column_is_kept_under_its_path(tmp_path: Path) -> None:
    record = (
        b'{"eventTime":"2026-01-02T03:04:05Z","eventID":"1","eventName":"x","eventSource":"y","readOnly":false,'
        b'"userIdentity":{"type":"Root","accountId":"012"},"resources":[{"ARN":"arn:x","type":"T"}]}'
    )
    (tmp_path / "a.json").write_bytes(record)
    run(changes, FileSource(tmp_path / "a.json"), tmp_path / "out")
    [row] = lines(tmp_path / "out")
    assert row["user_identity"] == {"type": "Root"}
    assert row["extra"] == {"userIdentity.accountId": "012"}
    assert row["resources"] == [{"ARN": "arn:x", "type": "T"}]
    assert row["tp_akas"] == ["arn:x"]


def test_what_is_looked_for_inside_a_json_column_is_an_object() -> None:
    row = CloudTrailChange.parse(
        b'{"eventTime":"2026-01-02T03:04:05Z","eventID":"1","eventName":"x","eventSource":"y","resources":[{"ARN":"a"}]}'
    )
    assert row.resources is not None
    [resource] = row.resources
    assert isinstance(resource, Resource)
    assert resource.arn == "a"
    assert not changes_something(row)


def test_its_columns_have_the_types_of_the_shipped_table() -> None:
    theirs = {column.name: column.type for column in schema(CloudTrailLog)}
    for column in schema(CloudTrailChange):
        if column.name != "user_identity":  # cut down, like the table
            assert column.type == theirs[column.name]


def test_a_read_is_filtered_and_nonsense_is_rejected(marbles: Marbles) -> None:
    text = '{{"eventTime":"2026-01-02T03:04:05Z","eventID":"1","eventName":"x","eventSource":"y","readOnly":{}}}'
    write = CloudTrailChange.parse(text.format("false").encode())
    marbles(
        """
        files   --f----g----|
        expect  --[w#]------|
        """,
        ops.pipe(ops.load(), ops.json_items("Records", CloudTrailChange), ops.filter(changes_something)),
        f=log(text.format("false"), text.format("7")),
        g=log(text.format("true")),
        w=write,
    )
