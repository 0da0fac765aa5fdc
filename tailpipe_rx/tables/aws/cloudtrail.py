"""AWS CloudTrail: who did what in an account, from the files that a trail delivers.

The columns are those of Tailpipe's table of the same name, so that SQL written for it runs unchanged. Record format:
"CloudTrail record contents" in the AWS CloudTrail User Guide.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from ... import ops
from ...rows.row import Common, Convert, Json, Row, Struct, field
from ...table import Table

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@functools.lru_cache(1 << 14)
def unix_millis(text: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 time. A session's creation date stands in each of its events."""
    at = datetime.fromisoformat(text)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND


class SessionAttributes(Struct, rename="camel"):
    creation_date: Annotated[int | None, Convert(str, unix_millis)] = None
    mfa_authenticated: str | None = None


class SessionIssuer(Struct, rename="camel"):
    account_id: str | None = None
    arn: str | None = None
    principal_id: str | None = None
    type: str | None = None
    user_name: str | None = None


class WebIdFederationData(Struct, rename="camel"):
    attributes: Json[dict[str, Any]] | None = None
    federated_provider: str | None = None


class SessionContext(Struct, rename="camel"):
    attributes: SessionAttributes | None = None
    ec2_role_delivery: str | None = None
    session_issuer: SessionIssuer | None = None
    web_id_federation_data: WebIdFederationData | None = None


class UserIdentity(Struct, rename="camel"):
    access_key_id: str | None = None
    account_id: str | None = None
    arn: str | None = None
    identity_provider: str | None = None
    invoked_by: str | None = None
    principal_id: str | None = None
    session_context: SessionContext | None = None
    type: str | None = None
    user_name: str | None = None


class TlsDetails(Struct, rename="camel"):
    cipher_suite: str | None = None
    client_provided_host_header: str | None = None
    tls_version: str | None = None


class Resource(Struct):
    arn: str | None = field(default=None, name="ARN")


class CloudTrailLog(Row, rename="camel"):
    """API activity and user actions in an AWS account."""

    additional_event_data: Annotated[Json[dict[str, Any]] | None, "What is neither request nor response."] = None
    api_version: Annotated[str | None, "The version of the API that was called."] = None
    aws_region: Annotated[str | None, "The region that the request was made to."] = None
    edge_device_details: Annotated[Json[dict[str, Any]] | None, "The edge device that the request went to."] = None
    error_code: Annotated[str | None, "The service's error, if the request failed."] = None
    error_message: Annotated[str | None, "What the error said."] = None
    event_category: Annotated[str | None, "Management, Data, NetworkActivity or Insight."] = None
    event_id: Annotated[str | None, "CloudTrail's own identifier of the event."] = field(default=None, name="eventID")
    event_name: Annotated[str | None, "The API operation."] = None
    event_source: Annotated[str | None, "The service that the request was made to."] = None
    event_time: Annotated[datetime, "When the request was completed."]
    event_type: Annotated[str | None, "What made the event: an API call, a console sign-in, a service."] = None
    event_version: Annotated[str | None, "The version of the record format."] = None
    management_event: Annotated[bool | None, "Whether it is a management event."] = None
    read_only: Annotated[bool | None, "Whether the operation only reads."] = None
    recipient_account_id: Annotated[str | None, "The account that received the event."] = None
    request_id: Annotated[str | None, "The service's identifier of the request."] = field(
        default=None, name="requestID"
    )
    request_parameters: Annotated[Json[dict[str, Any]] | None, "The parameters, as sent."] = None
    resources: Annotated[Json[tuple[Resource, ...]] | None, "What was accessed."] = None
    response_elements: Annotated[Json[dict[str, Any]] | None, "The answer to a request that changes something."] = None
    service_event_details: Annotated[Json[dict[str, Any]] | None, "What made a service act by itself."] = None
    session_credential_from_console: Annotated[str | None, "true, if the session began at the console."] = None
    shared_event_id: Annotated[str | None, "The same in the events of all accounts it went to."] = field(
        default=None, name="sharedEventID"
    )
    source_ip_address: Annotated[str | None, "Where it came from: an address or the name of a service."] = field(
        default=None, name="sourceIPAddress"
    )
    tls_details: Annotated[TlsDetails | None, "TLS version, cipher suite and host name of the call."] = None
    user_agent: Annotated[str | None, "The agent through which it was made."] = None
    user_identity: Annotated[UserIdentity | None, "Who made the request."] = None
    vpc_endpoint_id: Annotated[str | None, "The VPC endpoint that the request went through."] = None

    def common(self) -> Common:
        who = self.user_identity
        resources = self.resources
        usernames = None
        if who is not None:
            # a temporary key says nothing about who it is; one that begins with AKIA is somebody's own
            key = who.access_key_id
            usernames = [key, who.user_name] if key is not None and key[:4] == "AKIA" else [who.user_name]
        return Common(
            timestamp=self.event_time,
            source_ip=self.source_ip_address,
            akas=akas(resources) if resources else None,
            usernames=usernames,
        )


def akas(resources: Iterable[Resource]) -> list[str]:
    """The names that resources go by: the ARN, the account, and what people call it.

    >>> akas([Resource(arn="arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc"), Resource(arn="what?")])
    ['arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc', '111122223333', 'i-0abc']
    """
    found: list[str] = []
    for resource in resources:
        arn = resource.arn
        parts = arn.split(":") if arn else ()
        if arn and len(parts) >= 6:
            found.append(arn)
            if parts[4]:
                found.append(parts[4])
            if parts[2] == "s3":
                found.append(parts[5])
            elif parts[2] == "ec2" and parts[5].startswith(("instance/", "volume/")):
                found.append(parts[5].partition("/")[2])
    return found


cloudtrail = Table(
    "aws_cloudtrail_log",
    ops.pipe(ops.load(), ops.json_items("Records", CloudTrailLog)),
    layouts={
        "aws_s3_bucket": "AWSLogs/(%{DATA:org_id}/)?%{NUMBER:account_id}/CloudTrail/%{DATA:region}/"
        "%{YEAR:year}/%{MONTHNUM:month}/%{MONTHDAY:day}/%{DATA}.json.gz"
    },
)
