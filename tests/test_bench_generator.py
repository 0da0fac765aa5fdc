"""The benchmarks' generator: deterministic, valid, of the size and variety asked for."""

import gzip
import ipaddress
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bench"
sys.path.append(str(BENCH))
import generate  # noqa: E402


def texts(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def records(directory: Path) -> list[dict[str, Any]]:
    files = [json.loads(gzip.decompress(content)) for content in texts(directory).values()]
    return [record for file in files for record in file["Records"]]


def lines(directory: Path) -> list[list[str]]:
    (content,) = texts(directory).values()
    return [line.split(" ") for line in gzip.decompress(content).decode().splitlines()]


def made(into: Path, *arguments: str) -> Path:
    kind, rows, *options = arguments
    generate.main([kind, rows, str(into), *options])
    return into


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return records(made(tmp_path_factory.mktemp("trail") / "logs", "cloudtrail", "5000"))


@pytest.mark.parametrize("kind", ["cloudtrail", "flowlogs"])
def test_the_same_arguments_give_the_same_bytes(tmp_path: Path, kind: str) -> None:
    first = texts(made(tmp_path / "a", kind, "700", "--files=3"))
    assert first == texts(made(tmp_path / "b", kind, "700", "--files=3"))
    assert first != texts(made(tmp_path / "c", kind, "700", "--files=3", "--seed=1"))
    assert len(first) == 3


def test_the_number_of_files_does_not_change_the_records(tmp_path: Path) -> None:
    one, four = (records(made(tmp_path / n, "cloudtrail", "1001", f"--files={n}")) for n in ("1", "4"))
    assert one == four
    assert len(one) == 1001


def test_a_trail_has_many_shapes_of_the_expected_size(trail: list[dict[str, Any]]) -> None:
    sizes = [len(json.dumps(record, separators=(",", ":"))) for record in trail]
    assert 1600 < sum(sizes) / len(sizes) < 1850
    assert max(sizes) > 5000
    assert len({record["eventID"] for record in trail}) == len(trail)
    assert len({record["eventName"] for record in trail}) >= 40
    assert len({tuple(record) for record in trail}) >= 12
    kinds = Counter(record["userIdentity"].get("type") for record in trail)
    assert kinds.keys() >= {"Root", "IAMUser", "AssumedRole", "AWSService", "AWSAccount", "WebIdentityUser"}


def test_a_trail_has_what_enrichment_must_tell_apart(trail: list[dict[str, Any]]) -> None:
    addresses = {record["sourceIPAddress"] for record in trail}
    assert any(address.endswith(".amazonaws.com") for address in addresses)
    assert {ipaddress.ip_address(a).version for a in addresses if not a[-1].isalpha() and " " not in a} == {4, 6}
    assert any(record.get("errorCode") for record in trail)
    assert any(record["requestParameters"] is None for record in trail)
    assert any(record["responseElements"] is None for record in trail)
    assert sum("tlsDetails" in record for record in trail) > len(trail) / 2
    assert any(r["ARN"].startswith("arn:aws:ec2:") for record in trail for r in record.get("resources", ()))


def test_keys_are_in_the_order_in_which_aws_writes_them(trail: list[dict[str, Any]]) -> None:
    order = [
        "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
        "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements",
        "additionalEventData", "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion",
        "managementEvent", "recipientAccountId", "sharedEventID", "vpcEndpointId", "serviceEventDetails",
        "eventCategory", "tlsDetails", "sessionCredentialFromConsole", "edgeDeviceDetails",
    ]  # fmt: skip
    for record in trail:
        assert list(record) == [key for key in order if key in record]


def test_no_access_key_looks_like_a_real_one(trail: list[dict[str, Any]]) -> None:
    keys = {record["userIdentity"].get("accessKeyId") for record in trail} - {None, ""}
    assert all(key.endswith("EXAMPLE") and len(key) == 20 for key in keys)


def test_unknown_fields_are_in_every_record_and_change_nothing_else(tmp_path: Path) -> None:
    plain = records(made(tmp_path / "plain", "cloudtrail", "300"))
    unknown = records(made(tmp_path / "unknown", "cloudtrail", "300", "--unknown-field"))
    for record in unknown:
        assert record.pop("eventContext")
        assert record["userIdentity"].pop("onBehalfOf")["userId"]
    assert unknown == plain


def test_flow_logs_have_a_header_and_many_addresses(tmp_path: Path) -> None:
    header, *rows = lines(made(tmp_path / "v2", "flowlogs", "20000"))
    assert header[:5] == ["version", "account-id", "interface-id", "srcaddr", "dstaddr"]
    assert len(header) == 14
    assert len(rows) == 20_000
    assert {len(row) for row in rows} == {14}
    assert len({row[2] for row in rows}) == 200
    assert len({address for row in rows for address in row[3:5]}) > 10_000
    assert {row[13] for row in rows} == {"OK", "NODATA", "SKIPDATA"}


def test_wide_flow_logs_have_the_fields_of_version_5(tmp_path: Path) -> None:
    header, *rows = lines(made(tmp_path / "v5", "flowlogs", "2000", "--wide"))
    assert header[-3:] == ["pkt-dst-aws-service", "flow-direction", "traffic-path"]
    assert {len(row) for row in [header, *rows]} == {29}
    assert {row[0] for row in rows} == {"5"}


def test_a_directory_that_holds_something_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, "flowlogs", "10")
    with pytest.raises(SystemExit, match="2"):
        made(tmp_path, "flowlogs", "10")
    assert "is not empty" in capsys.readouterr().err
