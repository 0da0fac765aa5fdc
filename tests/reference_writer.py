"""What row `aws_cloudtrail_log` must give for a record: slow, plain, and written without a look at the package.

Only the standard library, one value after the other, so that a test may compare what the fast path wrote with what
these few rules say. Absent, null and (for `tp_` lists) empty are the same: `canonical` leaves all three out. JSON
columns are kept as they are, nulls included. Text is read with `loads`, which keeps numbers as they are written.
"""

import hashlib
import ipaddress
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

Shape: TypeAlias = "dict[str, tuple[str, str | Shape]]"  # the vendor's key: (our name, DuckDB type or nested fields)

UNIX_MS = "BIGINT"  # the only one there is: a time as text becomes milliseconds since 1970

SESSION_CONTEXT: Shape = {
    "attributes": (
        "attributes",
        {"creationDate": ("creation_date", UNIX_MS), "mfaAuthenticated": ("mfa_authenticated", "VARCHAR")},
    ),
    "ec2RoleDelivery": ("ec2_role_delivery", "VARCHAR"),
    "sessionIssuer": (
        "session_issuer",
        {
            "accountId": ("account_id", "VARCHAR"),
            "arn": ("arn", "VARCHAR"),
            "principalId": ("principal_id", "VARCHAR"),
            "type": ("type", "VARCHAR"),
            "userName": ("user_name", "VARCHAR"),
        },
    ),
    "webIdFederationData": (
        "web_id_federation_data",
        {"attributes": ("attributes", "JSON"), "federatedProvider": ("federated_provider", "VARCHAR")},
    ),
}
USER_IDENTITY: Shape = {
    "accessKeyId": ("access_key_id", "VARCHAR"),
    "accountId": ("account_id", "VARCHAR"),
    "arn": ("arn", "VARCHAR"),
    "identityProvider": ("identity_provider", "VARCHAR"),
    "invokedBy": ("invoked_by", "VARCHAR"),
    "principalId": ("principal_id", "VARCHAR"),
    "sessionContext": ("session_context", SESSION_CONTEXT),
    "type": ("type", "VARCHAR"),
    "userName": ("user_name", "VARCHAR"),
}
TLS_DETAILS: Shape = {
    "cipherSuite": ("cipher_suite", "VARCHAR"),
    "clientProvidedHostHeader": ("client_provided_host_header", "VARCHAR"),
    "tlsVersion": ("tls_version", "VARCHAR"),
}
COLUMNS: Shape = {
    "additionalEventData": ("additional_event_data", "JSON"),
    "apiVersion": ("api_version", "VARCHAR"),
    "awsRegion": ("aws_region", "VARCHAR"),
    "edgeDeviceDetails": ("edge_device_details", "JSON"),
    "errorCode": ("error_code", "VARCHAR"),
    "errorMessage": ("error_message", "VARCHAR"),
    "eventCategory": ("event_category", "VARCHAR"),
    "eventID": ("event_id", "VARCHAR"),
    "eventName": ("event_name", "VARCHAR"),
    "eventSource": ("event_source", "VARCHAR"),
    "eventTime": ("event_time", "TIMESTAMP"),
    "eventType": ("event_type", "VARCHAR"),
    "eventVersion": ("event_version", "VARCHAR"),
    "managementEvent": ("management_event", "BOOLEAN"),
    "readOnly": ("read_only", "BOOLEAN"),
    "recipientAccountId": ("recipient_account_id", "VARCHAR"),
    "requestID": ("request_id", "VARCHAR"),
    "requestParameters": ("request_parameters", "JSON"),
    "resources": ("resources", "JSON"),
    "responseElements": ("response_elements", "JSON"),
    "serviceEventDetails": ("service_event_details", "JSON"),
    "sessionCredentialFromConsole": ("session_credential_from_console", "VARCHAR"),
    "sharedEventID": ("shared_event_id", "VARCHAR"),
    "sourceIPAddress": ("source_ip_address", "VARCHAR"),
    "tlsDetails": ("tls_details", TLS_DETAILS),
    "userAgent": ("user_agent", "VARCHAR"),
    "userIdentity": ("user_identity", USER_IDENTITY),
    "vpcEndpointId": ("vpc_endpoint_id", "VARCHAR"),
}


@dataclass(frozen=True)
class Float:
    """A JSON number with a point or an exponent, as it is written: 1.0 and 1.00 are not equal."""

    text: str


def loads(text: str | bytes) -> Any:
    """JSON with whole numbers of any size and other numbers as `Float`.

    ValueError for what strict JSON does not have: NaN, Infinity, a key twice in one object.
    """
    return json.loads(text, parse_float=Float, parse_constant=_no_constant, object_pairs_hook=_no_doubles)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key twice in {[key for key, _ in pairs]}")
    return found


def cloudtrail_row(record: dict[str, Any], *, raw: str | None = None) -> dict[str, Any]:
    """The row of a record: the vendor's columns, `extra`, and the `tp_` columns that depend on the record alone.

    Where the record's own text is given as `raw`, the row is that of `loads(raw)`. ValueError for a record that has
    no row: without `eventTime`, or with a value that is not of its column's type. Fields that no column takes are in
    `extra` with their values unchanged, nulls included; inside a STRUCT under their path, `userIdentity.onBehalfOf`.
    """
    if raw is not None:
        record = loads(raw)
    extra: dict[str, Any] = {}
    row = _struct(record, COLUMNS, "", extra)
    if "event_time" not in row:
        raise ValueError("eventTime is missing")
    if extra:
        row["extra"] = extra
    row["tp_timestamp"], row["tp_date"] = row["event_time"], row["event_time"][:10]
    row["tp_index"] = "default"
    address = row.get("source_ip_address")
    if address is not None and is_address(address):
        row["tp_source_ip"], row["tp_ips"] = address, [address]
    identity = row.get("user_identity", {})
    names = [identity.get("access_key_id", ""), identity.get("user_name", "")]
    if not names[0].startswith("AKIA"):
        names[0] = ""
    if names := _distinct(names):
        row["tp_usernames"] = names
    resources = row.get("resources", [])
    arns = [r.get("ARN") for r in resources if isinstance(r, dict)] if isinstance(resources, list) else []
    if akas := _distinct([aka for arn in arns if isinstance(arn, str) for aka in akas_of(arn)]):
        row["tp_akas"] = akas
    return row


def _struct(value: Any, shape: Shape, path: str, extra: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{path or 'the record'} is not an object: {value!r}")
    row: dict[str, Any] = {}
    for key, item in value.items():
        place = f"{path}.{key}" if path else key
        if key not in shape:
            extra[place] = item
        elif item is not None:
            name, kind = shape[key]
            row[name] = _struct(item, kind, place, extra) if isinstance(kind, dict) else _value(item, kind, place)
    return row


def _value(item: Any, kind: str, place: str) -> Any:
    if kind == "JSON":
        return item
    if kind == "TIMESTAMP" and isinstance(item, str):
        return moment(item).isoformat().replace("+00:00", "Z")
    if kind == UNIX_MS and isinstance(item, str):
        return (moment(item) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if isinstance(item, {"VARCHAR": str, "BOOLEAN": bool}.get(kind, ())):
        return item
    raise ValueError(f"{place} is no {kind}: {item!r}")


def moment(text: str) -> datetime:
    """An RFC 3339 time, in UTC."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text, re.ASCII):
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def akas_of(arn: str) -> list[str]:
    """The names under which a resource is known: ARN, account, an S3 bucket's, an EC2 instance's or volume's id."""
    parts = arn.split(":")
    if len(parts) < 6:
        return []
    service, account, resource = parts[2], parts[4], parts[5]
    names = [arn, account]
    if service == "s3":
        names.append(resource)
    if service == "ec2":
        names += [resource.removeprefix(kind) for kind in ("instance/", "volume/") if resource.startswith(kind)]
    return names


def _distinct(names: list[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def tp_id(
    source_type: str,
    source_name: str,
    artifact: str,
    member: str,
    generation: int | str,
    record: int,
    row_in_record: int = 0,
) -> str:
    """Where a row comes from as a text of fixed form: of the artifact, the record in it, the row in the record."""
    names = (source_type, source_name, artifact, member, str(generation))
    origin = b"\0".join(name.encode("utf-8", "surrogateescape") for name in names)
    text = f"{hashlib.blake2b(origin, digest_size=8).hexdigest()}-{record:08x}"
    return f"{text}-{row_in_record}" if row_in_record else text


def canonical(row: dict[str, Any]) -> dict[str, Any]:
    """The row without what says nothing: nulls outside JSON columns, and `tp_` columns that are null or empty lists."""
    shapes = dict(COLUMNS.values())
    found: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or (name.startswith("tp_") and value == []):
            continue
        found[name] = _without_nulls(value, shapes.get(name, "JSON"))
    return found


def _without_nulls(value: Any, kind: "str | Shape") -> Any:
    if not isinstance(kind, dict) or not isinstance(value, dict):
        return value
    shapes = dict(kind.values())
    return {name: _without_nulls(v, shapes.get(name, "JSON")) for name, v in value.items() if v is not None}


def duckdb_type(kind: "str | Shape") -> str:
    """The type as DuckDB writes it."""
    if isinstance(kind, str):
        return kind
    return f"STRUCT({', '.join(f'{name} {duckdb_type(inner)}' for name, inner in kind.values())})"
