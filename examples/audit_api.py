"""A source of one's own: the pages of an API. A page is an artifact; it is collected whole, or not at all.

What an author writes is a generator, `AuditApi.artifacts`. It is resumed when the page before has been written and no
sooner, so that a slow disk slows the questions. While it waits for an answer it yields a `TICK` each second, at which
the collection can show that it is alive, and can be stopped.

    python examples/audit_api.py OUT URL
    python examples/audit_api.py OUT            # without an API at hand: three invented pages
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from typing import Annotated, Any, ClassVar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import attrs

from tailpipe_rx import TICK, Artifact, Common, Json, Row, Source, Table, Tick, Window, collect, field, ops

Query = Mapping[str, str]


def over_http(url: str, query: Query) -> bytes:
    """One answer. Raises OSError where there is none: that ends the collection, with the pages before it kept."""
    try:
        with urlopen(f"{url}?{urlencode(query)}", timeout=30) as answer:
            body: bytes = answer.read()
    except HTTPError as error:
        error.close()  # it is an answer, too, and would hold the connection
        raise
    return body


@attrs.frozen
class AuditApi(Source):
    """The audit log of ACME, oldest page first."""

    type: ClassVar[str] = "acme_audit"
    url: str
    get: Callable[[str, Query], bytes] = attrs.field(default=over_http, repr=False)
    """How to ask. It may block: it is called on a thread."""
    page_size: int = 100

    def artifacts(self, window: Window) -> Iterator[Artifact | Tick]:
        query = {"limit": str(self.page_size)}
        if window.start is not None:
            query["since"] = window.start.isoformat()
        cursor: str | None = ""
        with ThreadPoolExecutor(1) as thread:
            while cursor is not None:
                asked = thread.submit(self.get, self.url, query | {"cursor": cursor})
                while not wait([asked], timeout=1).done:
                    yield TICK
                page = asked.result()
                # the name says which page it is, today and next week: the ids of its rows are made from it
                yield Artifact(f"{self.url}?cursor={cursor}", size=len(page), content=page)
                cursor = json.loads(page).get("next")


class AuditEvent(Row, rename="camel"):
    """Something that an administrator did."""

    id: Annotated[str, "A unique identifier."]
    created_at: Annotated[datetime, "When."]
    actor: Annotated[str | None, "Who."] = field(default=None, name="actorEmail")
    detail: Annotated[Json[dict[str, Any]] | None, "What."] = None

    def common(self) -> Common:
        return Common(timestamp=self.created_at, emails=[self.actor])


audit = Table("acme_audit_log", ops.pipe(ops.load(), ops.json_items("events", AuditEvent)))


def invented(url: str, query: Query) -> bytes:
    """An API of three pages, for trying it out."""
    n = int(query["cursor"] or 0)
    event = {"id": f"e{n}", "createdAt": f"2026-01-02T03:0{n}:00Z", "actorEmail": "ada@example.com", "detail": {"n": n}}
    return json.dumps({"events": [event], "next": str(n + 1) if n < 2 else None}).encode()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python examples/audit_api.py INTO [URL]")
    into, *urls = sys.argv[1:]
    source = AuditApi(urls[0]) if urls else AuditApi("https://api.example.com/audit", invented)
    collect(audit, source, into=into).subscribe(print)
