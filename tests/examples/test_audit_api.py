"""`examples/audit_api.py`: a source of one's own."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from audit_api import AuditApi, Query, audit, invented
from written import lines, run

from tailpipe_rx import TICK, Artifact, ChunkWritten, Completed, Window, collect

URL = "https://api.example.com/audit"


def test_every_page_is_collected_once(tmp_path: Path) -> None:
    run(audit, AuditApi(URL, invented), tmp_path)
    rows = lines(tmp_path)
    assert [row["id"] for row in rows] == ["e0", "e1", "e2"]
    assert [row["tp_emails"] for row in rows] == [["ada@example.com"]] * 3
    assert rows[1]["tp_source_type"] == "acme_audit"
    assert rows[1]["tp_source_location"] == f"{URL}?cursor=1"


def test_a_page_has_the_same_ids_whenever_it_is_asked_for(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(audit, AuditApi(URL, invented), tmp_path / name)
    assert [row["tp_id"] for row in lines(tmp_path / "a")] == [row["tp_id"] for row in lines(tmp_path / "b")]


def test_a_page_is_asked_for_only_when_the_one_before_is_written(tmp_path: Path) -> None:
    story: list[object] = []

    def get(url: str, query: Query) -> bytes:
        story.append(f"page {query['cursor'] or 0} with {len(lines(tmp_path))} rows on disk")
        return invented(url, query)

    for event in collect(audit, AuditApi(URL, get), into=tmp_path, chunk_rows=1):
        if isinstance(event, Completed):
            assert event.error is None
    assert story == ["page 0 with 0 rows on disk", "page 1 with 1 rows on disk", "page 2 with 2 rows on disk"]


def test_no_page_is_asked_for_after_the_run_was_stopped(tmp_path: Path) -> None:
    asked: list[str] = []

    def get(url: str, query: Query) -> bytes:
        asked.append(query["cursor"])
        return json.dumps({"events": json.loads(invented(url, {"cursor": "0"}))["events"], "next": "more"}).encode()

    for event in collect(audit, AuditApi(URL, get), into=tmp_path, chunk_rows=1):  # a log without an end
        if isinstance(event, ChunkWritten):
            break
    assert len(asked) <= 3  # the loop is never more than two events ahead


def test_while_the_answer_is_awaited_time_goes_by_in_ticks() -> None:
    answer = threading.Event()

    def get(url: str, query: Query) -> bytes:
        answer.wait(30)
        return b'{"events": [], "next": null}'

    found = iter(AuditApi(URL, get).artifacts(Window()))
    assert next(found) is TICK
    answer.set()
    assert [type(item) for item in found if item is not TICK] == [Artifact]


def test_the_window_is_asked_for() -> None:
    asked: list[Query] = []

    def get(url: str, query: Query) -> bytes:
        asked.append(query)
        return b'{"events": []}'

    [_] = AuditApi(URL, get, page_size=7).artifacts(Window(start=datetime(2026, 1, 2, tzinfo=UTC)))
    assert asked == [{"limit": "7", "since": "2026-01-02T00:00:00+00:00", "cursor": ""}]


class Api(BaseHTTPRequestHandler):
    """Two pages, then trouble."""

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if query.get("cursor") == "2":
            self.send_error(503)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(invented("", {"cursor": query.get("cursor", "")}))

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/audit"
        server.shutdown()
        thread.join()


def test_an_api_that_breaks_off_ends_the_run_and_what_came_before_is_kept(api: str, tmp_path: Path) -> None:
    *_, last = run(audit, AuditApi(api), tmp_path)
    assert isinstance(last, Completed)
    assert (last.rows, last.chunks) == (2, 1)
    assert last.error is not None and "503" in last.error
    assert [row["id"] for row in lines(tmp_path)] == ["e0", "e1"]


def test_a_source_is_a_value() -> None:
    assert AuditApi(URL) == AuditApi(URL)
    assert repr(AuditApi(URL)) == f"AuditApi(url='{URL}', page_size=100)"
