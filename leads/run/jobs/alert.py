"""Alerts: a failed run is told to whoever the installation names, by one HTTP POST."""

import json
import logging
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from leads.domain.job import Job
from leads.domain.told import names_only
from leads.store.passes import PassRow

LOG = logging.getLogger(__name__)
TIMEOUT_S = 10.0
"""A run does not wait longer for somebody who does not listen."""


def alert_of(job: Job, reason: str) -> dict[str, Any]:
    """What is told of a job that failed or was set back, as JSON values; no place, no name."""
    payload, reason = job.payload, names_only(reason)
    return {
        "event": f"job_{job.state.value}",
        "job_id": job.job_id,
        "kind": job.kind,
        **{side: _name(payload.get(side)) for side in ("before", "after")},
        "attempts": job.attempts,
        "reason": reason,
        "text": f"红线：任务 {job.job_id} 失败（{reason}）/ Hongxian: job {job.job_id} failed",
    }


def alert_of_pass(row: PassRow) -> dict[str, Any]:
    """What is told of a pass that stays broken, as JSON values."""
    reason, name = names_only(row.reason or ""), row.identifier
    return {
        "event": "pass_broken",
        "pass_id": row.pass_id,
        "watch": row.watch,
        "source": row.source,
        "identifier": name,
        "reason": reason,
        "text": f"红线：影像 {name} 无法接入（{reason}）/ Hongxian: {name} broken",
    }


def _name(image: str | None) -> str | None:
    return None if image is None else names_only(image)


def post_alert(url: str, told: Mapping[str, Any], timeout_s: float = TIMEOUT_S) -> bool:
    """POST `told` as JSON to an address that `check_address` lets pass; False where nobody took it.

    An alert that cannot be delivered is logged: it never stops a run. `timeout_s` is how long it
    waits for the connection, and for each part of the answer.
    """
    body = json.dumps(told).encode()  # ASCII: what file names hold that is no text passes, too
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        check_address(url)
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 (checked)
        with closing(urllib.request.urlopen(request, timeout=timeout_s)):  # noqa: S310
            return True
    except (OSError, HTTPException, ValueError) as error:
        LOG.error("alert not delivered: %s: %s", type(error).__name__, error)  # noqa: TRY400
        return False


def check_address(url: str) -> None:
    """Raise ValueError unless something can be posted to `url`."""
    parts = urlsplit(url)
    bad = not url.isascii() or not url.isprintable() or " " in url
    if bad or parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        # the address may hold a token, so it is not told
        raise ValueError("HONGXIAN_ALERT_URL: give http://HOST/... or https://HOST/... in ASCII")
