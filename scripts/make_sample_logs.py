"""Writes examples/logs: a small invented day of CloudTrail, and a text log for the smallest example.

Everything in it is made up: addresses are those reserved for documentation, accounts and keys are placeholders. The
records are the same on every run; ``--check`` compares what is on disk with them instead of writing.

What happens on 2 January 2026, for examples and tests to find:

* 203.0.113.77 fails to log in to the console five times within ten minutes (two files hold them), then gives up;
* 198.51.100.23 fails three times, spread over an hour, and gets in;
* a role is assumed and reads objects from a bucket; a user who came through an identity centre acts on behalf of
  somebody (``onBehalfOf``, a field that the table has no column for); root logs in; AWS services act by themselves.
"""

import argparse
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

LOGS = Path(__file__).resolve().parent.parent / "examples" / "logs"
MAIN, OTHER = "111122223333", "444455556666"
BUCKET = "example-invoices"
DAY = datetime(2026, 1, 2, tzinfo=UTC)

CONSOLE = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CLI = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.12.0 lang/python#3.13.7 cfg/retry-mode#standard"
BOTO = "Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.12.0 lang/python#3.13.7 Botocore/1.40.0"

Json = dict[str, Any]


def invented(*seed: object, length: int) -> str:
    """Hexadecimal digits that depend on the seed alone."""
    return sha256(repr(seed).encode()).hexdigest()[:length]


def uuid(*seed: object) -> str:
    h = invented(*seed, length=32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def at(clock: str) -> str:
    hour, minute, second = map(int, clock.split(":"))
    return (DAY + timedelta(hours=hour, minutes=minute, seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def tls(host: str) -> Json:
    return {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}


# Who acts


def user(name: str, account: str = MAIN, *, key: str | None = None, mfa: bool | None = None) -> Json:
    who: Json = {
        "type": "IAMUser",
        "principalId": f"AIDAEXAMPLE{name.upper():X<10.10}",
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
    }
    if key:
        who["accessKeyId"] = key
    who["userName"] = name
    if mfa is not None:
        created = {"creationDate": at("02:58:11"), "mfaAuthenticated": str(mfa).lower()}
        who["sessionContext"] = {"attributes": created}
    return who


def role(name: str, session: str, account: str = MAIN) -> Json:
    principal = f"AROAEXAMPLE{name.upper().replace('-', ''):X<10.10}"
    return {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "accountId": account,
        "accessKeyId": "ASIAEXAMPLEEXAMPLE01",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": f"arn:aws:iam::{account}:role/{name}",
                "accountId": account,
                "userName": name,
            },
            "attributes": {"creationDate": at("03:02:30"), "mfaAuthenticated": "false"},
        },
    }


def root(account: str) -> Json:
    return {"type": "Root", "principalId": account, "arn": f"arn:aws:iam::{account}:root", "accountId": account}


def service(name: str) -> Json:
    return {"type": "AWSService", "invokedBy": name}


# What happens


def event(clock: str, name: str, source: str, who: Json, address: str, agent: str, **more: Any) -> Json:
    """One record in the order of fields that CloudTrail writes; ``more`` replaces or adds fields."""
    record: Json = {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": at(clock),
        "eventSource": source,
        "eventName": name,
        "awsRegion": more.pop("awsRegion", "eu-central-1"),
        "sourceIPAddress": address,
        "userAgent": agent,
        "requestParameters": more.pop("requestParameters", None),
        "responseElements": more.pop("responseElements", None),
        "requestID": uuid("request", clock, name, address),
        "eventID": uuid("event", clock, name, address),
        "readOnly": more.pop("readOnly", name.startswith(("Get", "List", "Describe"))),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": more.pop("account", MAIN),
        "eventCategory": "Management",
    }
    return record | more


def login(clock: str, who: Json, address: str, *, failure: str | None = None, mfa: bool = False, **more: Any) -> Json:
    record = event(
        clock,
        "ConsoleLogin",
        "signin.amazonaws.com",
        who,
        address,
        CONSOLE,
        responseElements={"ConsoleLogin": "Failure" if failure else "Success"},
        additionalEventData={
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": "Yes" if mfa else "No",
        },
        eventType="AwsConsoleSignIn",
        tlsDetails=tls("eu-central-1.signin.aws.amazon.com"),
        **more,
    )
    del record["requestID"]
    return record | {"errorMessage": failure} if failure else record


def read_object(clock: str, key: str, size: int, who: Json, address: str, **more: Any) -> Json:
    host = f"{BUCKET}.s3.eu-central-1.amazonaws.com"
    arn = f"arn:aws:s3:::{BUCKET}"
    return event(
        clock,
        "GetObject",
        "s3.amazonaws.com",
        who,
        address,
        f"[{BOTO}]",
        requestParameters={"bucketName": BUCKET, "Host": host, "key": key},
        additionalEventData={
            "SignatureVersion": "SigV4",
            "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "bytesTransferredIn": 0,
            "bytesTransferredOut": size,
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": invented("id2", clock, key, length=40),
        },
        resources=[
            {"type": "AWS::S3::Object", "ARN": f"{arn}/{key}"},
            {"accountId": MAIN, "type": "AWS::S3::Bucket", "ARN": arn},
        ],
        managementEvent=False,
        eventCategory="Data",
        tlsDetails=tls(host),
        **more,
    )


FAILED = "Failed authentication"
GUESSED = {
    "type": "IAMUser",
    "principalId": "",
    "accountId": MAIN,
    "accessKeyId": "",
    "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
}
ADA = user("ada", key="AKIAEXAMPLEEXAMPLE00")
ADA_CONSOLE = user("ada", key="ASIAEXAMPLEEXAMPLE00", mfa=True)
BILLING = role("billing-export", "nightly")


def first_file() -> Iterator[Json]:
    """Ada starts her day; a guesser begins; a nightly job takes its role and reads four objects."""
    yield login("02:58:11", user("ada"), "192.0.2.10", mfa=True)
    sts = "sts.eu-central-1.amazonaws.com"
    yield event(
        "02:58:40", "GetCallerIdentity", "sts.amazonaws.com", ADA, "192.0.2.10", CLI, readOnly=True, tlsDetails=tls(sts)
    )
    yield event("02:59:02", "DescribeRegions", "ec2.amazonaws.com", ADA_CONSOLE, "192.0.2.10", CONSOLE)
    yield login("03:00:05", GUESSED, "203.0.113.77", failure="No username found in supplied account")
    yield event(
        "03:00:44",
        "GetBucketAcl",
        "s3.amazonaws.com",
        service("cloudtrail.amazonaws.com"),
        "cloudtrail.amazonaws.com",
        "cloudtrail.amazonaws.com",
        requestParameters={"bucketName": "example-trail", "Host": "example-trail.s3.amazonaws.com", "acl": ""},
        resources=[{"accountId": MAIN, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::example-trail"}],
        sharedEventID=uuid("shared", 1),
    )
    yield login("03:01:50", user("grace"), "198.51.100.23", failure=FAILED)
    yield login("03:02:11", user("ada"), "203.0.113.77", failure=FAILED)
    yield event(
        "03:02:30",
        "AssumeRole",
        "sts.amazonaws.com",
        service("lambda.amazonaws.com"),
        "lambda.amazonaws.com",
        "lambda.amazonaws.com",
        requestParameters={"roleArn": f"arn:aws:iam::{MAIN}:role/billing-export", "roleSessionName": "nightly"},
        responseElements={
            "credentials": {
                "accessKeyId": "ASIAEXAMPLEEXAMPLE01",
                "sessionToken": "EXAMPLE",
                "expiration": "Jan 2, 2026, 4:02:30 AM",
            },
            "assumedRoleUser": {
                "assumedRoleId": "AROAEXAMPLEBILLINGEXP:nightly",
                "arn": f"arn:aws:sts::{MAIN}:assumed-role/billing-export/nightly",
            },
        },
        resources=[
            {"accountId": MAIN, "type": "AWS::IAM::Role", "ARN": f"arn:aws:iam::{MAIN}:role/billing-export"},
        ],
        readOnly=True,
        sharedEventID=uuid("shared", 2),
    )
    for n in range(4):
        yield read_object(f"03:02:{33 + n}", f"2026/01/invoice-{n:04}.pdf", 48_211 + 977 * n, BILLING, "192.0.2.44")
    yield login("03:04:20", user("ada"), "203.0.113.77", failure=FAILED)
    for n, name in enumerate(["DescribeInstances", "DescribeVolumes", "DescribeSecurityGroups", "DescribeSubnets"]):
        yield event(
            f"03:04:{31 + 2 * n}",
            name,
            "ec2.amazonaws.com",
            ADA,
            "2001:db8:12::7",
            CLI,
            requestParameters={"maxResults": 1000, "filterSet": {}},
            tlsDetails=tls("ec2.eu-central-1.amazonaws.com"),
        )


def second_file() -> Iterator[Json]:
    """The guesser's last two tries; Ada changes things; someone works on behalf of a user of the identity centre."""
    yield login("03:06:02", user("ada"), "203.0.113.77", failure=FAILED)
    yield event(
        "03:06:30",
        "RunInstances",
        "ec2.amazonaws.com",
        ADA,
        "192.0.2.10",
        CLI,
        requestParameters={
            "instancesSet": {"items": [{"imageId": "ami-0123456789example", "minCount": 1, "maxCount": 1}]},
            "instanceType": "t4g.nano",
            "disableApiTermination": False,
        },
        responseElements={
            "instancesSet": {
                "items": [
                    {
                        "instanceId": "i-0123456789example",
                        "currentState": {"code": 0, "name": "pending"},
                        "privateIpAddress": "10.0.0.12",
                    }
                ]
            }
        },
        tlsDetails=tls("ec2.eu-central-1.amazonaws.com"),
    )
    yield login("03:07:33", user("ada"), "203.0.113.77", failure=FAILED)
    through_centre = role("AWSReservedSSO_ReadOnly_0example0", "grace@example.com")
    through_centre["onBehalfOf"] = {
        "userId": "0123example-4567-89ab-cdef-example00001",
        "identityStoreArn": f"arn:aws:identitystore::{MAIN}:identitystore/d-0123example",
    }
    yield event(
        "03:08:15",
        "ListBuckets",
        "s3.amazonaws.com",
        through_centre,
        "198.51.100.90",
        f"[{CONSOLE}]",
        requestParameters={"Host": "s3.eu-central-1.amazonaws.com"},
        sessionCredentialFromConsole="true",
        tlsDetails=tls("s3.eu-central-1.amazonaws.com"),
    )
    for n in range(6):
        yield read_object(f"03:09:{10 + 3 * n}", f"2026/01/summary-{n}.csv", 1_024 * (n + 1), BILLING, "192.0.2.44")
    yield read_object(
        "03:09:40",
        "2025/12/salaries.xlsx",
        0,
        BILLING,
        "192.0.2.44",
        errorCode="AccessDenied",
        errorMessage="Access Denied",
    )
    yield event(
        "03:10:00",
        "RotateKey",
        "kms.amazonaws.com",
        {"accountId": MAIN, "invokedBy": "AWS Internal"},
        "AWS Internal",
        "AWS Internal",
        eventType="AwsServiceEvent",
        serviceEventDetails={"keyId": uuid("key"), "rotationType": "AUTOMATIC"},
        resources=[
            {"accountId": MAIN, "type": "AWS::KMS::Key", "ARN": f"arn:aws:kms:eu-central-1:{MAIN}:key/{uuid('key')}"},
        ],
        readOnly=False,
    )
    yield event(
        "03:11:09",
        "Decrypt",
        "kms.amazonaws.com",
        BILLING | {"invokedBy": "s3.amazonaws.com"},
        "s3.amazonaws.com",
        "s3.amazonaws.com",
        requestParameters={
            "encryptionContext": {"aws:s3:arn": f"arn:aws:s3:::{BUCKET}"},
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        },
        resources=[
            {"accountId": MAIN, "type": "AWS::KMS::Key", "ARN": f"arn:aws:kms:eu-central-1:{MAIN}:key/{uuid('key')}"},
        ],
        readOnly=True,
        vpcEndpointId="vpce-0123example",
    )
    for n, name in enumerate(["GetUser", "ListAccessKeys", "ListMFADevices"]):
        yield event(
            f"03:12:{20 + n}",
            name,
            "iam.amazonaws.com",
            ADA_CONSOLE,
            "192.0.2.10",
            CONSOLE,
            awsRegion="eu-central-1",
            requestParameters={"userName": "grace"},
            sessionCredentialFromConsole="true",
        )
    yield login("03:24:50", user("grace"), "198.51.100.23", failure=FAILED)


def third_file() -> Iterator[Json]:
    """Another account, another region: root logs in, a role comes from the first account, a pipeline deploys."""
    more: Json = {"account": OTHER, "awsRegion": "us-east-1"}
    yield login("03:40:02", root(OTHER), "192.0.2.10", mfa=True, **more)
    yield event(
        "03:41:17",
        "CreateUser",
        "iam.amazonaws.com",
        root(OTHER) | {"sessionContext": {"attributes": {"creationDate": at("03:40:02"), "mfaAuthenticated": "true"}}},
        "192.0.2.10",
        CONSOLE,
        requestParameters={"userName": "grace", "tags": []},
        responseElements={
            "user": {
                "path": "/",
                "userName": "grace",
                "userId": "AIDAEXAMPLEGRACEXXXXX",
                "arn": f"arn:aws:iam::{OTHER}:user/grace",
                "createDate": "Jan 2, 2026, 3:41:17 AM",
            }
        },
        sessionCredentialFromConsole="true",
        **more,
    )
    yield event(
        "03:43:00",
        "AssumeRole",
        "sts.amazonaws.com",
        {"type": "AWSAccount", "principalId": "AIDAEXAMPLEADAXXXXXXX", "accountId": MAIN},
        "2001:db8:12::7",
        CLI,
        requestParameters={
            "roleArn": f"arn:aws:iam::{OTHER}:role/deploy",
            "roleSessionName": "ada",
            "externalId": "000123",
            "durationSeconds": 3600,
        },
        responseElements={
            "credentials": {
                "accessKeyId": "ASIAEXAMPLEEXAMPLE01",
                "sessionToken": "EXAMPLE",
                "expiration": "Jan 2, 2026, 4:43:00 AM",
            },
            "assumedRoleUser": {
                "assumedRoleId": "AROAEXAMPLEDEPLOYXXXX:ada",
                "arn": f"arn:aws:sts::{OTHER}:assumed-role/deploy/ada",
            },
        },
        resources=[{"accountId": OTHER, "type": "AWS::IAM::Role", "ARN": f"arn:aws:iam::{OTHER}:role/deploy"}],
        readOnly=True,
        sharedEventID=uuid("shared", 3),
        tlsDetails=tls("sts.us-east-1.amazonaws.com"),
        **more,
    )
    deploy = role("deploy", "ada", OTHER)
    functions = ["orders", "payments", "stock", "mail", "search", "reports"]
    for n, name in enumerate(functions):
        yield event(
            f"03:44:{5 + 4 * n:02}",
            "UpdateFunctionCode20150331v2",
            "lambda.amazonaws.com",
            deploy,
            "2001:db8:12::7",
            CLI,
            requestParameters={"functionName": name, "publish": True, "dryRun": False},
            responseElements={
                "functionName": name,
                "functionArn": f"arn:aws:lambda:us-east-1:{OTHER}:function:{name}",
                "codeSize": 12_345_678 + n,
                "timeout": 30,
                "memorySize": 256,
                "version": str(41 + n),
            },
            **more,
        )
    for n, name in enumerate(functions):
        yield event(
            f"03:44:{32 + 4 * n:02}",
            "GetFunction20150331v2",
            "lambda.amazonaws.com",
            deploy,
            "2001:db8:12::7",
            CLI,
            requestParameters={"functionName": name},
            **more,
        )
    yield event(
        "03:46:10",
        "DeleteBucketPolicy",
        "s3.amazonaws.com",
        deploy,
        "2001:db8:12::7",
        f"[{CLI}]",
        requestParameters={"bucketName": "example-artifacts", "policy": ""},
        errorCode="NoSuchBucket",
        errorMessage="The specified bucket does not exist",
        resources=[{"accountId": OTHER, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::example-artifacts"}],
        **more,
    )
    yield login("03:57:31", user("grace", OTHER), "198.51.100.23", failure=FAILED, **more)
    yield login("03:58:20", user("grace", OTHER), "198.51.100.23", **more)


def gzipped(data: bytes) -> bytes:
    """A gzip member without a time or a system in its header, so that equal content is equal bytes."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(data) + deflate.flush()
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + body + struct.pack("<II", zlib.crc32(data), len(data))


def logs() -> Iterator[tuple[str, bytes]]:
    """Path below examples/logs and content, before compression for the paths that end in .gz."""
    for account, region, clock, records in (
        (MAIN, "eu-central-1", "0305", first_file()),
        (MAIN, "eu-central-1", "0325", second_file()),
        (OTHER, "us-east-1", "0400", third_file()),
    ):
        unique = invented("file", account, clock, length=16)
        name = f"{account}_CloudTrail_{region}_{DAY:%Y%m%d}T{clock}Z_{unique}.json.gz"
        content = json.dumps({"Records": list(records)}, separators=(",", ":")).encode()
        yield f"AWSLogs/{account}/CloudTrail/{region}/{DAY:%Y/%m/%d}/{name}", content
    people = ["Ada", "Grace", "Katherine", "Radia", "Barbara"]
    yield "hello.log", "".join(f"2026-01-02T03:04:{5 + n:02}Z {name}\n" for n, name in enumerate(people)).encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what is on disk; exit 1 where it differs")
    check: bool = parser.parse_args().check
    wrong = 0
    for path, content in logs():
        where = LOGS / path
        if check:
            # Compared after decompression: compressors differ between versions of zlib.
            found = where.read_bytes() if where.exists() else b""
            if path.endswith(".gz") and found:
                found = zlib.decompress(found, zlib.MAX_WBITS | 16)
            if found != content:
                print(f"{where} is not what this script makes; run it without --check", file=sys.stderr)
                wrong = 1
        else:
            where.parent.mkdir(parents=True, exist_ok=True)
            where.write_bytes(gzipped(content) if path.endswith(".gz") else content)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
