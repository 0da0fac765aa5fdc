"""How a table like the shipped `aws_cloudtrail_log` is written, with a dozen columns instead of thirty.

It has one stage that the shipped one lacks: only calls that change something become rows. The others are counted as
filtered, since a collection accounts for every record. The name is another one too: a plugin's table of a shipped
table's name would be taken in its place.

    tailpipe-rx collect cloudtrail_change --plugin examples/cloudtrail.py examples/logs/AWSLogs --into changes
    tailpipe-rx tables cloudtrail_change --plugin examples/cloudtrail.py
"""

from datetime import datetime
from typing import Annotated, Any

from tailpipe_rx import Common, Json, Plugin, Row, Struct, Table, field, main, ops


class UserIdentity(Struct, rename="camel"):
    """A STRUCT column: its fields are declared, and whatever else a record sends in it is kept in ``extra``."""

    type: str | None = None
    arn: str | None = None
    user_name: str | None = None
    invoked_by: str | None = None


class Resource(Struct):
    """No column, but what `common` looks for inside the JSON column ``resources``. That is written as it came."""

    arn: str | None = field(default=None, name="ARN")


class CloudTrailChange(Row, rename="camel"):
    """API calls that change something in an AWS account."""

    event_time: Annotated[datetime, "When the request was completed."]
    event_id: Annotated[str, "CloudTrail's own identifier of the event."] = field(name="eventID")
    event_name: Annotated[str, "The API operation."]
    event_source: Annotated[str, "The service that the request was made to."]
    aws_region: Annotated[str | None, "The region that the request was made to."] = None
    recipient_account_id: Annotated[str | None, "The account that received the event."] = None
    source_ip_address: Annotated[str | None, "Where it came from."] = field(default=None, name="sourceIPAddress")
    read_only: Annotated[bool | None, "Whether the operation only reads."] = None
    error_code: Annotated[str | None, "The service's error, if the request failed."] = None
    user_identity: Annotated[UserIdentity | None, "Who made the request."] = None
    request_parameters: Annotated[Json[dict[str, Any]] | None, "The parameters, as sent."] = None
    resources: Annotated[Json[tuple[Resource, ...]] | None, "What was accessed."] = None

    def common(self) -> Common:
        who = self.user_identity
        return Common(
            timestamp=self.event_time,
            index=self.recipient_account_id,
            source_ip=self.source_ip_address,
            akas=[resource.arn for resource in self.resources or ()],
            usernames=[who.user_name] if who else None,
        )


def changes_something(row: CloudTrailChange) -> bool:
    return row.read_only is False


changes = Table(
    "cloudtrail_change",
    ops.pipe(
        ops.load(),
        ops.json_items("Records", CloudTrailChange),
        ops.filter(changes_something),  # a named function, so that the chain can be sent to a worker process
    ),
)

if __name__ == "__main__":
    main(Plugin("cloudtrail", tables=[changes]))
