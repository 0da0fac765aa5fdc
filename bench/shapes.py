"""The shapes of the invented CloudTrail records: what each kind of call writes, with keys in AWS's own order.

Accounts are those of AWS's documentation and every access key and principal says EXAMPLE. A shape is a function from
a `World` to one record as JSON text; text is put together, not dumped, since hundreds of thousands are asked for.
"""

import base64
import functools
import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

T = TypeVar("T")

BEGIN = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
ACCOUNTS = ("111122223333", "123456789012", "444455556666", "777788889999", "012345678901", "000123456789")
REGIONS = ("us-east-1", "us-east-1", "us-east-1", "us-west-2", "eu-central-1", "ap-southeast-2")
ROLES = (
    "DataPipelineWorker",
    "eks-node-group",
    "ReadOnlyAuditor",
    "TerraformDeploy",
    "WebTierInstanceRole",
    "BackupOperator",
    "AWSReservedSSO_AdministratorAccess_0f1e2d3c4b5a6978",
)
USERS = ("alice", "bob", "carol", "ci-deploy", "maria.garcia", "metrics+reader", "break-glass@example.com")
BUCKETS = tuple(f"example-{name}-{n:02}" for name in ("data-lake", "logs", "artifacts", "web") for n in range(12))
AGENTS = (
    "[Boto3/1.34.84 md/Botocore#1.34.84 ua/2.0 os/linux#5.10.214-202.855.amzn2.x86_64 md/arch#x86_64 lang/python#3.11 "
    "md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.84]",
    "aws-cli/2.15.38 Python/3.11.8 Linux/6.1.84-99.169.amzn2023.x86_64 exe/x86_64.amzn.2023 prompt/off "
    "command/ec2.describe-instances",
    "APN/1.0 HashiCorp/1.0 Terraform/1.7.5 (+https://www.terraform.io) terraform-provider-aws/5.45.0 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.26.1 os/linux lang/go#1.21.8 "
    "md/GOOS#linux md/GOARCH#amd64 api/ec2#1.156.0",
    "aws-sdk-java/2.25.31 Linux/5.15.0-1055-aws OpenJDK_64-Bit_Server_VM/17.0.10+7-LTS Java/17.0.10 "
    "vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/legacy",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/123.0.0.0 Safari/537.36",
    'S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.692 Linux/5.10.213-179.855.amzn2int.x86_64 \\"quoted\\"',
)
CIPHERS = ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")


class World:
    """A seeded account's worth of values; every shape draws from it in turn."""

    def __init__(self, seed: int, unknown: bool = False) -> None:
        self.rng = random.Random(f"cloudtrail {seed}")
        self.now = float(BEGIN)
        self.number = 0
        self.unknown = unknown
        self.sessions: dict[tuple[object, ...], list[str]] = {}

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.rng.random() * len(choices))]

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def below(self, end: int) -> int:
        return int(self.rng.random() * end)

    def hex(self, digits: int) -> str:
        return f"{self.rng.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        text = self.hex(32)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def token(self, size: int) -> str:
        return base64.b64encode(self.rng.randbytes(size)).decode()

    def key(self, prefix: str) -> str:
        return f"{prefix}{self.hex(9).upper()}EXAMPLE"

    def address(self) -> str:
        bits = self.rng.getrandbits(32)
        if self.chance(0.05):
            return f"2001:db8:{bits >> 20:x}:{bits & 0xFFFF:x}::{bits >> 12 & 0xFF:x}"
        if self.chance(0.5):
            return f"10.{bits >> 24}.{bits >> 16 & 0xFF}.{bits & 0xFF}"
        return f"{self.pick(('203.0.113', '198.51.100', '192.0.2'))}.{bits & 0xFF}"

    def session(self, kind: tuple[object, ...], begin: Callable[[], str]) -> str:
        """Somebody of this kind: a session makes a score of calls before it ends, as a few others go on beside it.

        As in a real trail, of whose 2,900 published records 95 % repeat a userIdentity to the letter: it has 151.
        """
        alive = self.sessions.setdefault(kind, [])
        if alive and not self.chance(1 / 20):
            return self.pick(alive)
        alive.append(begin())
        if len(alive) > 8:
            del alive[0]
        return alive[-1]

    def session_began(self) -> str:
        return clock(int(self.now) - 60 - self.below(20_000))


@functools.lru_cache(4096)
def clock(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@functools.lru_cache(4096)
def principal(prefix: str, account: str, name: str) -> str:
    return f"{prefix}{random.Random(f'{prefix} {account} {name}').getrandbits(36):09X}EXAMPLE"


# Who: the members of userIdentity, without the braces, so that a further one can be added.


def role(w: World, account: str, via: str | None = None) -> str:
    return w.session(("role", account, via), lambda: _role(w, account, via))


def _role(w: World, account: str, via: str | None) -> str:
    name = w.pick(ROLES)
    delivery = federation = ""
    if name == "WebTierInstanceRole":
        session, delivery = f"i-{w.hex(17)}", f',"ec2RoleDelivery":"{w.pick(("1.0", "2.0"))}"'
    elif name == "eks-node-group":
        provider = f"arn:aws:iam::{account}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/{OIDC}"
        session, federation = (
            f"botocore-session-17{w.below(10**8):08}",
            (
                f'"federatedProvider":"{provider}","attributes":{{"sub":"system:serviceaccount:prod:worker-{w.below(40)}"}}'
            ),
        )
    else:
        session = w.pick(("alice@example.com", "bob@example.com", "nightly-run", "GitHubActions", "i-0a1b2c3d4e5f"))
    issuer = principal("AROA", account, name)
    path = "aws-reserved/sso.amazonaws.com/" if name.startswith("AWSReserved") else ""
    return (
        f'"type":"AssumedRole","principalId":"{issuer}:{session}",'
        f'"arn":"arn:aws:sts::{account}:assumed-role/{name}/{session}","accountId":"{account}",'
        f'"accessKeyId":"{w.key("ASIA")}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{issuer}",'
        f'"arn":"arn:aws:iam::{account}:role/{path}{name}","accountId":"{account}","userName":"{name}"}},'
        f'"webIdFederationData":{{{federation}}},"attributes":{{"creationDate":"{w.session_began()}",'
        f'"mfaAuthenticated":"{"true" if w.chance(0.2) else "false"}"}}{delivery}}}'
        + (f',"invokedBy":"{via}"' if via else "")
    )


def user(w: World, account: str, via: str | None = None) -> str:
    name = w.pick(USERS)
    key = principal("AKIA", account, name) if via is None else w.key("ASIA")
    text = (
        f'"type":"IAMUser","principalId":"{principal("AIDA", account, name)}",'
        f'"arn":"arn:aws:iam::{account}:user/{name}","accountId":"{account}","accessKeyId":"{key}","userName":"{name}"'
    )
    if via is None:
        return text
    return w.session(
        ("user", account, via),
        lambda: (
            f'{text},"sessionContext":{{"attributes":{{"creationDate":"{w.session_began()}","mfaAuthenticated":"true"}}}},'
            f'"invokedBy":"{via}"'
        ),
    )


def anybody(w: World, account: str) -> str:
    return role(w, account) if w.chance(0.8) else user(w, account)


def root(w: World, account: str) -> str:
    return (
        f'"type":"Root","principalId":"{account}","arn":"arn:aws:iam::{account}:root","accountId":"{account}",'
        f'"accessKeyId":"{w.key("ASIA")}","sessionContext":{{"attributes":{{"creationDate":"{w.session_began()}",'
        f'"mfaAuthenticated":"true"}}}}'
    )


def service(name: str) -> str:
    return f'"type":"AWSService","invokedBy":"{name}"'


# A record: its members in the order in which AWS writes them.


def record(
    w: World,
    account: str,
    who: str,
    source: str,
    name: str,
    *,
    request: str = "null",
    response: str = "null",
    additional: str = "",
    address: str = "",
    agent: str = "",
    error: tuple[str, str] | None = None,
    read_only: bool = True,
    resources: str = "",
    kind: str = "AwsApiCall",
    category: str = "Management",
    request_id: str = "",
    host: str = "",
    version: str = "1.09",
    before_management: str = "",
    after_recipient: str = "",
    end: str = "",
) -> str:
    """One record as JSON text: `host` makes it a direct call with tlsDetails, the last three are members few have."""
    region = w.pick(REGIONS)
    failure = f'"errorCode":"{error[0]}","errorMessage":{json.dumps(error[1])},' if error else ""
    tls = ""
    if host and w.chance(0.96):
        host = host if "." in host else f"{host}.{region}.amazonaws.com"
        tls = (
            f',"tlsDetails":{{"tlsVersion":"{w.pick(("TLSv1.2", "TLSv1.3", "TLSv1.3"))}",'
            f'"cipherSuite":"{w.pick(CIPHERS)}","clientProvidedHostHeader":"{host}"}}'
        )
    w.number += 1
    if w.unknown:
        # Nothing is drawn for these, so that all else is as it would be without them.
        who += (
            f',"onBehalfOf":{{"userId":"94482488-3041-7026-18f3-{w.number:012x}",'
            f'"identityStoreArn":"arn:aws:identitystore::{account}:identitystore/d-9067642ac7"}}'
        )
        end += ',"eventContext":{"requestContext":{"aws:SecureTransport":"true"},"tagContext":{"resourceTags":[]}}'
    return "".join(
        (
            f'{{"eventVersion":"{version}","userIdentity":{{{who}}},"eventTime":"{clock(int(w.now))}",',
            f'"eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"{region}",',
            f'"sourceIPAddress":"{address or w.address()}","userAgent":"{agent or w.pick(AGENTS)}",',
            f'{failure}"requestParameters":{request},"responseElements":{response},',
            f'"additionalEventData":{additional},' if additional else "",
            f'"requestID":"{request_id or w.uuid()}","eventID":"{w.uuid()}","readOnly":{json.dumps(read_only)},',
            f'"resources":{resources},' if resources else "",
            f'"eventType":"{kind}",{before_management}"managementEvent":{json.dumps(category == "Management")},',
            f'"recipientAccountId":"{account}"{after_recipient},"eventCategory":"{category}"{tls}{end}}}',
        )
    )


# Shapes: one function each, weighted in SHAPES below.


def assume_role(w: World) -> str:
    account, by = w.pick(ACCOUNTS), w.pick(("ec2", "lambda", "ecs-tasks", "states", "autoscaling", "config"))
    name, session = w.pick(ROLES), w.hex(17)
    arn = f"arn:aws:iam::{account}:role/{name}"
    return record(
        w, account, service(f"{by}.amazonaws.com"), "sts", "AssumeRole",
        address=f"{by}.amazonaws.com", agent=f"{by}.amazonaws.com",
        request=f'{{"roleArn":"{arn}","roleSessionName":"{session}","durationSeconds":3600}}',
        response=f'{{"credentials":{{"accessKeyId":"{w.key("ASIA")}","sessionToken":"{w.token(360)}",'
        f'"expiration":"Jan 5, 2026, {w.below(12) + 1}:{w.below(60):02}:{w.below(60):02} PM"}},'
        f'"assumedRoleUser":{{"assumedRoleId":"{principal("AROA", account, name)}:{session}",'
        f'"arn":"arn:aws:sts::{account}:assumed-role/{name}/{session}"}}}}',
        resources=f'[{{"accountId":"{account}","type":"AWS::IAM::Role","ARN":"{arn}"}}]',
        after_recipient=f',"sharedEventID":"{w.uuid()}"',
    )  # fmt: skip


def assume_role_across(w: World) -> str:
    account, other = w.pick(ACCOUNTS), w.pick(ACCOUNTS)
    arn = f"arn:aws:iam::{account}:role/CrossAccountAudit"
    return record(
        w, account,
        f'"type":"AWSAccount","principalId":"{principal("AROA", other, "scanner")}:scanner","accountId":"{other}"',
        "sts", "AssumeRole", host="sts",
        request=f'{{"roleArn":"{arn}","roleSessionName":"scanner","externalId":"{w.uuid()}"}}',
        response=f'{{"credentials":{{"accessKeyId":"{w.key("ASIA")}","sessionToken":"{w.token(300)}",'
        f'"expiration":"Jan 5, 2026, 7:{w.below(60):02}:00 AM"}}}}',
        resources=f'[{{"accountId":"{account}","type":"AWS::IAM::Role","ARN":"{arn}"}}]',
        after_recipient=f',"sharedEventID":"{w.uuid()}"',
    )  # fmt: skip


def assume_role_with_web_identity(w: World) -> str:
    account, subject = w.pick(ACCOUNTS), f"system:serviceaccount:prod:worker-{w.below(40)}"
    provider = f"arn:aws:iam::{account}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/{OIDC}"
    return record(
        w, account,
        f'"type":"WebIdentityUser","principalId":"{provider}:sts.amazonaws.com:{subject}","userName":"{subject}",'
        f'"identityProvider":"{provider}"',
        "sts", "AssumeRoleWithWebIdentity", host="sts",
        request=f'{{"roleArn":"arn:aws:iam::{account}:role/eks-node-group","roleSessionName":"worker"}}',
        response=f'{{"credentials":{{"accessKeyId":"{w.key("ASIA")}","sessionToken":"{w.token(420)}",'
        f'"expiration":"Jan 5, 2026, 9:{w.below(60):02}:00 AM"}},"subjectFromWebIdentityToken":"{subject}",'
        f'"provider":"{provider}","audience":"sts.amazonaws.com"}}',
        additional='{"identityProviderConnectionVerificationMethod":"IAMTrustStore"}',
        resources=f'[{{"accountId":"{account}","type":"AWS::IAM::Role",'
        f'"ARN":"arn:aws:iam::{account}:role/eks-node-group"}}]',
    )  # fmt: skip


def s3_object(w: World) -> str:
    account, bucket, write = w.pick(ACCOUNTS), w.pick(BUCKETS), w.chance(0.3)
    key = w.pick(("raw/2026/01/05/", "tables/orders/dt=2026-01-05/", "images/Zürich Büro/", "")) + w.hex(32)
    error = None
    if w.chance(0.06):
        error = w.pick((("NoSuchKey", "The specified key does not exist."), ("AccessDenied", "Access Denied")))
    endpoint = w.chance(0.3)
    region_host = f"{bucket}.s3.us-east-1.amazonaws.com"
    return record(
        w, account, anybody(w, account), "s3", "PutObject" if write else "GetObject",
        read_only=not write, category="Data", error=error, host=region_host, version="1.10",
        request=f'{{"bucketName":"{bucket}","Host":"{region_host}","key":"{key}"'
        + (',"x-amz-acl":"bucket-owner-full-control","x-amz-server-side-encryption":"aws:kms"}' if write else "}"),
        response=f'{{"x-amz-server-side-encryption":"aws:kms","x-amz-version-id":"{w.hex(32)}"}}' if write else "null",
        additional=f'{{"SignatureVersion":"SigV4","CipherSuite":"{w.pick(CIPHERS)}","bytesTransferredIn":'
        f'{float(w.below(10**7)) if write else 0},"SSEApplied":"SSE_KMS","AuthenticationMethod":"AuthHeader",'
        f'"x-amz-id-2":"{w.token(56)}","bytesTransferredOut":{w.below(10**9)}}}',
        request_id=w.hex(16).upper(),
        resources=f'[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::{bucket}/{key}"}},'
        f'{{"accountId":"{account}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::{bucket}"}}]',
        after_recipient=f',"vpcEndpointId":"vpce-{w.hex(17)}"' if endpoint else "",
    )  # fmt: skip


def s3_bucket(w: World) -> str:
    account, bucket = w.pick(ACCOUNTS), w.pick(BUCKETS)
    name = w.pick(("GetBucketAcl", "GetBucketPolicy", "GetBucketEncryption", "GetBucketLocation", "ListBuckets"))
    return record(
        w, account, service("config.amazonaws.com") if w.chance(0.3) else anybody(w, account), "s3", name,
        address="config.amazonaws.com" if w.chance(0.3) else "", host="s3", request_id=w.hex(16).upper(),
        request=f'{{"bucketName":"{bucket}","Host":"{bucket}.s3.amazonaws.com","acl":""}}',
        additional=f'{{"SignatureVersion":"SigV4","CipherSuite":"{w.pick(CIPHERS)}","bytesTransferredIn":0,'
        f'"AuthenticationMethod":"AuthHeader","x-amz-id-2":"{w.token(56)}","bytesTransferredOut":{w.below(2000)}}}',
        resources=f'[{{"accountId":"{account}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::{bucket}"}}]',
    )  # fmt: skip


def kms(w: World) -> str:
    account, via = w.pick(ACCOUNTS), w.pick(("ssm.amazonaws.com", "secretsmanager.amazonaws.com", "AWS Internal"))
    name, bucket = w.pick(("Decrypt", "Decrypt", "GenerateDataKey")), w.pick(BUCKETS)
    key = f"arn:aws:kms:us-east-1:{account}:key/{w.pick(KEYS)}"
    context = f'"encryptionContext":{{"aws:s3:arn":"arn:aws:s3:::{bucket}"}}'
    request = f'{{{context},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}}'
    if name == "GenerateDataKey":
        request = f'{{"keyId":"{key}",{context},"keySpec":"AES_256"}}'
    return record(
        w, account, role(w, account, via), "kms", name,
        address=via, agent=via, request=request,
        resources=f'[{{"accountId":"{account}","type":"AWS::KMS::Key","ARN":"{key}"}}]',
        additional=f'{{"keyMaterialId":"{w.hex(64)}"}}',
    )  # fmt: skip


def describe_instances(w: World) -> str:
    account, console = w.pick(ACCOUNTS), w.chance(0.2)
    items = ",".join(f'{{"instanceId":"i-{w.hex(17)}"}}' for _ in range(w.below(8)))
    request = f'{{"instancesSet":{{"items":[{items}]}},"filterSet":{{}}}}'
    if w.chance(0.4):
        request = (
            '{"maxResults":1000,"instancesSet":{},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":'
            '[{"value":"running"},{"value":"pending"}]}},{"name":"tag:kubernetes.io/cluster/prod","valueSet":{"items":'
            f'[{{"value":"owned"}}]}}}},{{"name":"vpc-id","valueSet":{{"items":[{{"value":"vpc-{w.hex(17)}"}}]}}}}]}}}}'
        )
    return record(
        w, account, user(w, account, "cloudformation.amazonaws.com") if w.chance(0.1) else anybody(w, account),
        "ec2", "DescribeInstances", request=request, host="" if console else "ec2",
        end=',"sessionCredentialFromConsole":"true"' if console else "",
    )  # fmt: skip


def read_call(w: World) -> str:
    """One of the many small reads of which most of a trail consists."""
    source, name, request = w.pick(READS)
    account = w.pick(ACCOUNTS)
    error = None
    if w.chance(0.05):
        error = w.pick((("ThrottlingException", "Rate exceeded"), ("RequestLimitExceeded", "Request limit exceeded.")))
    return record(
        w, account, anybody(w, account), source, name, request=request, host=source, error=error,
        before_management='"apiVersion":"2014-03-28",' if source == "logs" else "",
    )  # fmt: skip


def denied(w: World) -> str:
    source, name, request = w.pick(READS)
    account, who = w.pick(ACCOUNTS), w.pick(USERS)
    text = (
        f'User: arn:aws:iam::{account}:user/{who} is not authorized to perform: {source}:{name} on resource: "*" '
        "because no identity-based policy allows the action"
    )
    code = "Client.UnauthorizedOperation" if source == "ec2" else "AccessDenied"
    return record(w, account, user(w, account), source, name, request=request, host=source, error=(code, text))


def console_login(w: World) -> str:
    account, failed = w.pick(ACCOUNTS), w.chance(0.25)
    name = "HIDDEN_DUE_TO_SECURITY_REASONS" if failed and w.chance(0.3) else w.pick(USERS)
    who = f'"type":"IAMUser","accountId":"{account}","accessKeyId":"","userName":"{name}"'
    if not failed:
        who = root(w, account) if w.chance(0.1) else user(w, account)
    return record(
        w, account, who, "signin", "ConsoleLogin", version="1.08", read_only=False, kind="AwsConsoleSignIn",
        agent=AGENTS[4], host="us-east-1.signin.aws.amazon.com",
        response=f'{{"ConsoleLogin":"{"Failure" if failed else "Success"}"}}',
        additional='{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&nc2=h_ct&state='
        f'hashArgsFromTB_us-east-1_{w.hex(16)}","MobileVersion":"No","MFAUsed":"{"No" if failed else "Yes"}"}}',
    )  # fmt: skip


def root_call(w: World) -> str:
    account = w.pick(ACCOUNTS)
    return record(
        w, account, root(w, account), "iam", w.pick(("GetAccountSummary", "ListAccessKeys")),
        agent=AGENTS[4], end=',"sessionCredentialFromConsole":"true"',
    )  # fmt: skip


def run_instances(w: World) -> str:
    """The largest of the usual ones: about 6 KB."""
    account, count = w.pick(ACCOUNTS), 1 + w.below(3)
    image, group, subnet, vpc = w.hex(17), w.hex(17), w.hex(17), w.hex(17)
    tags = ",".join(f'{{"key":"{k}","value":"{v}"}}' for k, v in TAGS)
    items = []
    for n in range(count):
        private = f"10.{w.below(256)}.{w.below(256)}.{w.below(254) + 1}"
        items.append(
            f'{{"instanceId":"i-{w.hex(17)}","imageId":"ami-{image}","bootMode":"uefi","currentInstanceBootMode":"uefi",'
            f'"instanceState":{{"code":0,"name":"pending"}},'
            f'"privateDnsName":"ip-{private.replace(".", "-")}.ec2.internal",'
            f'"amiLaunchIndex":{n},"productCodes":{{}},"instanceType":"m6i.2xlarge","launchTime":{int(w.now)}000,'
            f'"placement":{{"availabilityZone":"us-east-1{w.pick(("a", "b", "c"))}","tenancy":"default"}},'
            f'"monitoring":{{"state":"pending"}},"subnetId":"subnet-{subnet}","vpcId":"vpc-{vpc}",'
            f'"privateIpAddress":"{private}","stateReason":{{"code":"pending","message":"pending"}},'
            f'"architecture":"x86_64","rootDeviceType":"ebs","rootDeviceName":"/dev/xvda","blockDeviceMapping":{{}},'
            f'"virtualizationType":"hvm","hypervisor":"xen","tagSet":{{"items":[{tags}]}},"clientToken":"{w.uuid()}",'
            f'"groupSet":{{"items":[{{"groupId":"sg-{group}","groupName":"web-tier"}}]}},"sourceDestCheck":true,'
            f'"networkInterfaceSet":{{"items":[{{"networkInterfaceId":"eni-{w.hex(17)}","subnetId":"subnet-{subnet}",'
            f'"vpcId":"vpc-{vpc}","ownerId":"{account}","status":"in-use","macAddress":"0a:{w.hex(2)}:{w.hex(2)}:7f:3b:01",'
            f'"privateIpAddress":"{private}","sourceDestCheck":true,"interfaceType":"interface","ipv6AddressesSet":{{}},'
            f'"groupSet":{{"items":[{{"groupId":"sg-{group}","groupName":"web-tier"}}]}},"attachment":{{"attachmentId":'
            f'"eni-attach-{w.hex(17)}","deviceIndex":0,"networkCardIndex":0,"status":"attaching","attachTime":'
            f'{int(w.now)}000,"deleteOnTermination":true}},"privateIpAddressesSet":{{"item":[{{"privateIpAddress":'
            f'"{private}","primary":true}}]}},"tagSet":{{}}}}]}},"ebsOptimized":false,"enaSupport":true,"cpuOptions":'
            '{"coreCount":4,"threadsPerCore":2},"capacityReservationSpecification":{"capacityReservationPreference":"open"},'
            '"enclaveOptions":{"enabled":false},"metadataOptions":{"state":"pending","httpTokens":"required","httpEndpoint":'
            '"enabled","httpPutResponseHopLimit":2,"httpProtocolIpv4":"enabled","httpProtocolIpv6":"disabled"}}'
        )
    data = '"userData":"<sensitiveDataRemoved>","instanceType":"m6i.2xlarge","blockDeviceMapping":{"items":[{'
    return record(
        w, account, role(w, account, "autoscaling.amazonaws.com"), "ec2", "RunInstances", read_only=False,
        address="autoscaling.amazonaws.com", agent="autoscaling.amazonaws.com",
        request=f'{{"instancesSet":{{"items":[{{"imageId":"ami-{image}","minCount":{count},"maxCount":{count}}}]}},{data}'
        '"deviceName":"/dev/xvda","ebs":{"volumeSize":100,"deleteOnTermination":true,"volumeType":"gp3","encrypted":true,"iops":3000'
        f'}}}}]}},"availabilityZone":"us-east-1a","tenancy":"default","monitoring":{{"enabled":true}},"subnetId":"subnet-{subnet}",'
        f'"disableApiTermination":false,"clientToken":"{w.uuid()}","tagSpecificationSet":{{"items":[{{"resourceType":'
        f'"instance","tags":[{tags}]}}]}}}}',
        response=f'{{"requestId":"{w.uuid()}","reservationId":"r-{w.hex(17)}","ownerId":"{account}","groupSet":{{}},'
        f'"instancesSet":{{"items":[{",".join(items)}]}},"requesterId":"000123456789"}}',
    )  # fmt: skip


def change_instances(w: World) -> str:
    account, name = w.pick(ACCOUNTS), w.pick(("TerminateInstances", "StopInstances", "CreateTags"))
    instance, volume = w.hex(17), w.hex(17)
    arn = f"arn:aws:ec2:us-east-1:{account}"
    return record(
        w, account, anybody(w, account), "ec2", name, read_only=False, host="ec2",
        request=f'{{"instancesSet":{{"items":[{{"instanceId":"i-{instance}"}}]}},"tagSet":{{"items":[{{"key":"Owner",'
        '"value":"B\\u00fcro \\"Nord\\" \\ud83d\\ude80"}]}}',
        response=f'{{"requestId":"{w.uuid()}","instancesSet":{{"items":[{{"instanceId":"i-{instance}","currentState":'
        '{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}',
        resources=f'[{{"accountId":"{account}","type":"AWS::EC2::Instance","ARN":"{arn}:instance/i-{instance}"}},'
        f'{{"accountId":"{account}","type":"AWS::EC2::Volume","ARN":"{arn}:volume/vol-{volume}"}}]',
    )  # fmt: skip


def write_policy(w: World) -> str:
    """A document as a string inside the request, as IAM and S3 write it."""
    account, bucket = w.pick(ACCOUNTS), w.pick(BUCKETS)
    statements = [
        {"Sid": f"S{n}", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{w.pick(ACCOUNTS)}:root"},
         "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket}/*"]}
        for n in range(2 + w.below(6))
    ]  # fmt: skip
    document = json.dumps(json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2))
    return record(
        w, account, anybody(w, account), "iam", w.pick(("PutRolePolicy", "CreatePolicy", "PutUserPolicy")),
        read_only=False, host="iam.amazonaws.com",
        request=f'{{"roleName":"{w.pick(ROLES)}","policyName":"access-{w.hex(6)}","policyDocument":{document}}}',
    )  # fmt: skip


def authorize_ingress(w: World) -> str:
    account, group = w.pick(ACCOUNTS), w.hex(17)
    rules = ",".join(
        f'{{"groupOwnerId":"{account}","groupId":"sg-{group}","securityGroupRuleId":"sgr-{w.hex(17)}","isEgress":false,'
        f'"ipProtocol":"tcp","fromPort":{port},"toPort":{port},"cidrIpv4":"0.0.0.0/0"}}'
        for port in (22, 443, 8443)[: 1 + w.below(3)]
    )
    return record(
        w, account, anybody(w, account), "ec2", "AuthorizeSecurityGroupIngress", read_only=False, host="ec2",
        request=f'{{"groupId":"sg-{group}","ipPermissions":{{"items":[{{"ipProtocol":"tcp","fromPort":22,"toPort":22,'
        '"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0","description":"from anywhere"}]},"ipv6Ranges":{},'
        '"prefixListIds":{}}]}}',
        response=f'{{"requestId":"{w.uuid()}","_return":true,"securityGroupRuleSet":{{"items":[{rules}]}}}}',
    )  # fmt: skip


def secret(w: World) -> str:
    account, name = w.pick(ACCOUNTS), f"prod/db/{w.pick(('orders', 'users', 'billing'))}-{w.hex(6)}"
    arn = f"arn:aws:secretsmanager:us-east-1:{account}:secret:{name}"
    return record(
        w, account, role(w, account), "secretsmanager", w.pick(("GetSecretValue", "DescribeSecret")),
        request=f'{{"secretId":"{arn}"}}', host="secretsmanager",
        resources=f'[{{"accountId":"{account}","type":"AWS::SecretsManager::Secret","ARN":"{arn}"}}]',
    )  # fmt: skip


def dynamodb(w: World) -> str:
    account, table, write = w.pick(ACCOUNTS), w.pick(("orders", "sessions", "Inventory")), w.chance(0.3)
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/{table}"
    return record(
        w, account, role(w, account), "dynamodb", "PutItem" if write else "GetItem", read_only=not write,
        category="Data", host="dynamodb", before_management='"apiVersion":"2012-08-10",',
        request=f'{{"tableName":"{table}","key":{{"id":"HIDDEN_DUE_TO_SECURITY_REASONS"}},"consistentRead":false,'
        f'"returnConsumedCapacity":"TOTAL","version":{2**53 + 1 + w.below(2**20)},"ratio":{w.below(10**6) / 1e6!r}}}',
        resources=f'[{{"accountId":"{account}","type":"AWS::DynamoDB::Table","ARN":"{arn}"}}]',
        after_recipient=f',"vpcEndpointId":"vpce-{w.hex(17)}"',
    )  # fmt: skip


def invoke(w: World) -> str:
    account, by = w.pick(ACCOUNTS), w.pick(("apigateway.amazonaws.com", "sqs.amazonaws.com", "events.amazonaws.com"))
    arn = f"arn:aws:lambda:us-east-1:{account}:function:handle-{w.pick(('orders', 'uploads', 'webhooks'))}"
    return record(
        w, account, service(by), "lambda", "Invoke", read_only=False, category="Data", address=by, agent=by,
        request=f'{{"functionName":"{arn}","sourceArn":"arn:aws:execute-api:us-east-1:{account}:{w.hex(10)}/*/POST/in",'
        '"contentType":"application/json","invocationType":"Event"}',
        additional=f'{{"functionVersion":"{arn}:$LATEST","requestTimeMillis":{w.below(10**6) / 1000!r}}}',
        resources=f'[{{"accountId":"{account}","type":"AWS::Lambda::Function","ARN":"{arn}"}}]',
        after_recipient=f',"sharedEventID":"{w.uuid()}"',
    )  # fmt: skip


def service_event(w: World) -> str:
    account, key = w.pick(ACCOUNTS), w.pick(KEYS)
    return record(
        w, account, f'"accountId":"{account}","invokedBy":"AWS Internal"', "kms", "RotateKey", read_only=False,
        kind="AwsServiceEvent", address="AWS Internal", agent="AWS Internal",
        resources=f'[{{"accountId":"{account}","type":"AWS::KMS::Key",'
        f'"ARN":"arn:aws:kms:us-east-1:{account}:key/{key}"}}]',
        after_recipient=f',"serviceEventDetails":{{"keyId":"{key}","backingKeyId":"{w.hex(64)}","rotationType":null}}',
    )  # fmt: skip


def edge_device(w: World) -> str:
    account = w.pick(ACCOUNTS)
    return record(
        w, account, user(w, account), "s3", "ListObjects", category="Data",
        request=f'{{"bucketName":"{w.pick(BUCKETS)}"}}',
        end=f',"edgeDeviceDetails":{{"type":"Snowball Edge","jobId":"JID{w.uuid()}","deviceId":{w.below(10**9)}}}',
    )  # fmt: skip


def create_log_stream(w: World) -> str:
    account = w.pick(ACCOUNTS)
    stream = f"2026/01/05/[$LATEST]{w.hex(32)}"
    return record(
        w, account, role(w, account), "logs", "CreateLogStream", read_only=False, host="logs",
        request=f'{{"logGroupName":"/aws/lambda/handle-orders","logStreamName":"{stream}"}}',
        before_management='"apiVersion":"20140328",',
    )  # fmt: skip


OIDC = "EXAMPLED539D4633E53DE1B71"
KEYS = tuple(f"1234abcd-12ab-34cd-56ef-{n:012x}" for n in range(8))
TAGS = (
    ("Name", "web-tier-prod"),
    ("aws:autoscaling:groupName", "web-tier-prod-20260105"),
    ("CostCenter", "Zürich 4711"),
    ("kubernetes.io/cluster/prod", "owned"),
)
READS = (
    ("ec2", "DescribeRouteTables", '{"routeTableIdSet":{},"filterSet":{"items":[{"name":"vpc-id"}]}}'),
    ("ec2", "DescribeVolumes", '{"maxResults":500,"volumeSet":{},"filterSet":{}}'),
    ("ec2", "DescribeSecurityGroups", '{"securityGroupSet":{},"filterSet":{},"maxResults":1000}'),
    ("ec2", "DescribeNetworkInterfaces", '{"networkInterfaceIdSet":{},"filterSet":{}}'),
    ("iam", "GetUser", '{"userName":"ci-deploy"}'),
    ("iam", "ListAttachedRolePolicies", '{"roleName":"DataPipelineWorker","maxItems":100}'),
    ("iam", "ListRoles", "null"),
    ("ssm", "DescribeParameters", '{"maxResults":50,"parameterFilters":[{"key":"Path","values":["/prod"]}]}'),
    ("ssm", "GetParameters", '{"names":["/prod/db/host","/prod/db/port"],"withDecryption":true}'),
    ("ssm", "UpdateInstanceInformation", '{"instanceId":"i-0a1b2c3d4e5f67890","agentVersion":"3.2.2303.0"}'),
    ("rds", "DescribeDBInstances", '{"dBInstanceIdentifier":"orders-prod"}'),
    ("logs", "DescribeLogStreams", '{"logGroupName":"/aws/lambda/handle-orders","descending":true}'),
    ("monitoring", "DescribeAlarms", '{"maxRecords":100,"stateValue":"ALARM"}'),
    ("elasticloadbalancing", "DescribeLoadBalancers", '{"names":["web-prod"],"pageSize":100}'),
    ("autoscaling", "DescribeAutoScalingGroups", '{"autoScalingGroupNames":["web-tier-prod"],"maxRecords":100}'),
    ("eks", "DescribeCluster", '{"name":"prod"}'),
    ("ecr", "BatchGetImage", '{"registryId":"111122223333","repositoryName":"web","imageIds":[{"imageTag":"2026"}]}'),
    ("glue", "GetTable", '{"databaseName":"lake","name":"orders","catalogId":"111122223333"}'),
    ("sts", "GetCallerIdentity", "null"),
    ("tagging", "GetResources", '{"resourcesPerPage":100,"tagFilters":[{"key":"CostCenter","values":[]}]}'),
)  # fmt: skip
SHAPES: tuple[tuple[Callable[[World], str], float], ...] = (
    (assume_role, 15), (assume_role_across, 2), (assume_role_with_web_identity, 2), (s3_object, 24), (s3_bucket, 3),
    (kms, 13), (describe_instances, 8), (read_call, 12), (denied, 2), (console_login, 1), (root_call, 0.3),
    (run_instances, 1.5), (change_instances, 2), (write_policy, 2), (authorize_ingress, 1), (secret, 2), (dynamodb, 3),
    (invoke, 2), (service_event, 0.4), (edge_device, 0.1), (create_log_stream, 3),
)  # fmt: skip


def cloudtrail_records(rows: int, seed: int = 0, unknown: bool = False) -> Iterator[str]:
    """`rows` records as JSON text, in the order of their time."""
    w = World(seed, unknown)
    shapes, weights = [shape for shape, _ in SHAPES], list(itertools.accumulate(weight for _, weight in SHAPES))
    for _ in range(rows):
        w.now += w.rng.random() * 0.4
        yield w.rng.choices(shapes, cum_weights=weights)[0](w)
