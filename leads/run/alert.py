"""Alerts: a failed run is told to whoever the installation names, by one HTTP POST."""

import json
import logging
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from leads.domain.job import Job

LOG = logging.getLogger(__name__)
TIMEOUT_S = 10.0
"""A run does not wait longer for somebody who does not listen."""


def alert_of(job: Job, reason: str) -> dict[str, Any]:
    """What is told of a job that failed or was set back, as JSON values; no place, no name."""
    payload = job.payload
    return {
        "event": f"job_{job.state.value}",
        "job_id": job.job_id,
        "kind": job.kind,
        "before": payload.get("before"),
        "after": payload.get("after"),
        "attempts": job.attempts,
        "reason": reason,
        "text": f"红线：任务 {job.job_id} 失败（{reason}）/ Hongxian: job {job.job_id} failed",
    }


def post_alert(url: str, told: Mapping[str, Any]) -> bool:
    """POST `told` as JSON to an http or https address; False where nobody took it.

    An alert that cannot be delivered is logged: it never stops a run.
    """
    if not url.startswith(("https://", "http://")):
        LOG.error("alert not sent: HONGXIAN_ALERT_URL is neither http nor https")
        return False
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 (checked above)
    try:
        with closing(urllib.request.urlopen(request, timeout=TIMEOUT_S)) as answer:  # noqa: S310
            taken: bool = 200 <= answer.status < 300
    except OSError as error:
        LOG.error("alert not delivered: %s", error)  # noqa: TRY400 (one line is enough)
        return False
    return taken
