"""Alerts: what really goes over a socket, and that no answer ends a run."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.domain.job import Job, JobState
from leads.run.jobs.alert import alert_of, check_address, post_alert

NOW = datetime(2024, 5, 1, tzinfo=UTC)
OK = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def failed_job(before: str = "甲.tif") -> Job:
    return Job(
        job_id="0123456789abcdef",
        kind="run",
        payload={"before": before, "after": "乙.tif"},
        payload_sha256="0" * 64,
        priority=5,
        state=JobState.FAILED,
        attempts=5,
        max_attempts=5,
        not_before=NOW,
        worker="w:1:1",
        fence=5,
        lease_until=None,
        cancel_asked=False,
        created_by="system",
        created_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        record=None,
        progress=None,
        result=None,
        error="broke",
    )


@dataclass
class Listener:
    """A server that keeps what it was sent."""

    url: str
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def listening(answer: Callable[[socket.socket], object]) -> Iterator[Listener]:
    """On a port of this machine; takes one call and answers as told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        found = Listener(f"http://127.0.0.1:{server.getsockname()[1]}/alert?token=1")

        def serve() -> None:
            caller, _ = server.accept()
            with caller:
                found.heard.append(request_of(caller))
                answer(caller)

        serving = threading.Thread(target=serve)
        serving.start()
        yield found
        serving.join()


def request_of(caller: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        got += caller.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.splitlines()[1:])
    length = int(fields[b"content-length"])
    while len(body) < length:
        body += caller.recv(65536)
    return head + b"\r\n\r\n" + body


def test_no_folder_of_the_server_is_told() -> None:
    told = alert_of(failed_job("/data/imagery/made/a.tif"), "/data/imagery: 0.10 GB free")
    assert (told["before"], told["after"]) == ("a.tif", "乙.tif")
    assert told["reason"] == "imagery: 0.10 GB free" and "/data" not in told["text"]


def test_a_failure_is_delivered_as_json() -> None:
    with listening(lambda caller: caller.sendall(OK)) as there:
        assert post_alert(there.url, alert_of(failed_job(), "磁盘已满"))
    head, _, body = there.heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /alert?token=1 HTTP/1.1") and b"application/json" in head
    told = json.loads(body)
    assert (told["event"], told["attempts"], told["before"]) == ("job_failed", 5, "甲.tif")
    assert told["reason"] == "磁盘已满" and told["job_id"] in told["text"]


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff garbage\r\n\r\n",  # BadStatusLine
        b"",  # closed without a word
        b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 There\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 There\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",  # more headers than are read
    ],
)
def test_an_answer_that_is_none_is_no_error(answer: bytes) -> None:
    with listening(lambda caller: caller.sendall(answer)) as there:
        assert not post_alert(there.url, {"text": "x"})
    assert there.heard


def test_nobody_who_listens_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    assert not post_alert(url, {"text": "x"})
    assert "not delivered" in caplog.text


def test_somebody_who_never_answers_is_not_waited_for() -> None:
    done = threading.Event()
    began = time.monotonic()
    with listening(lambda _: done.wait(10)) as there:
        assert not post_alert(there.url, {"text": "x"}, timeout_s=0.2)
        assert time.monotonic() - began < 5
        done.set()


BAD = (
    *("ftp://here/", "here/alert", "http://", "http:///alert", "https://:8000/"),
    *("http://here:port/", "http://here:99999/", "http://here:0/", "http://[::1"),
    *("http://这里/", "http://here/报警", "http://here/a b", "http://here/\r\nX: y"),
)


@pytest.mark.parametrize("url", BAD)
def test_nothing_is_posted_to_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        check_address(url)
    assert not post_alert(url, {"text": "x"})


@given(st.text(max_size=30).map(lambda rest: f"http://127.0.0.1:1/{rest}"), st.text())
def test_no_text_ends_a_run(url: str, text: str) -> None:
    assert not post_alert(url, {"text": text})


def test_names_that_are_no_text_pass() -> None:
    answer: Any = OK
    with listening(lambda caller: caller.sendall(answer)) as there:
        assert post_alert(there.url, alert_of(failed_job(before="\udcff.tif"), "broke"))
