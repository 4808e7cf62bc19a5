"""A NodeODM on this machine: init, upload, commit, info, output, download, cancel, remove.

Answers have the shapes of the real one (its index.js and libs/taskNew.js): errors are JSON with
status 200, the token is a query parameter, ids may be given, an upload after the commit is refused,
results are one ZIP. Time is counted in looks at a task.
"""

import io
import json
import re
import threading
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
QUEUED, RUNNING, FAILED, COMPLETED, CANCELED = 10, 20, 30, 40, 50


@dataclass
class Task:
    """One task."""

    name: str
    options: list[dict[str, Any]]
    images: dict[str, bytes] = field(default_factory=dict)
    committed: bool = False
    looks: int = 0
    code: int = QUEUED
    error: str | None = None


@dataclass
class FakeNodeOdm:
    """The server. What is scripted is set by its fields, also while it runs."""

    orthophoto: Callable[[dict[str, bytes]], bytes]
    """Makes the orthophoto's bytes of the photos."""
    token: str = ""
    looks: int = 2
    """Looks at a task until it is done."""
    fails: str | None = None
    """Words with which tasks fail."""
    echo_token: bool = False
    """Errors repeat the address they were asked by, as some proxies do."""
    most_images: int | None = None
    faults: deque[str] = field(default_factory=deque)
    """What happens to the next requests: `500`, `html`, or `` for nothing."""
    broken_zips: int = 0
    """How many of the next results are no ZIP."""
    tasks: dict[str, Task] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    removed: list[str] = field(default_factory=list)
    address: str = ""

    def restart(self) -> None:
        """As the real one: tasks that were committed live on, half uploads are gone."""
        self.tasks = {uuid: task for uuid, task in self.tasks.items() if task.committed}

    def forget(self) -> None:
        """Set up anew: it knows no task."""
        self.tasks.clear()


@dataclass(frozen=True)
class _Api:
    """What the server answers."""

    fake: FakeNodeOdm

    def app(self) -> Flask:
        app = Flask(__name__)
        app.before_request(self.guard)
        task = "/task/<uuid>"
        for path, answer, method in (
            ("/info", self.info, "GET"),
            ("/task/new/init", self.init, "POST"),
            ("/task/new/upload/<uuid>", self.upload, "POST"),
            ("/task/new/commit/<uuid>", self.commit, "POST"),
            (f"{task}/info", self.task_info, "GET"),
            (f"{task}/output", self.output, "GET"),
            (f"{task}/download/all.zip", self.download, "GET"),
            ("/task/cancel", self.cancel, "POST"),
            ("/task/remove", self.remove, "POST"),
        ):
            app.add_url_rule(path, answer.__name__, answer, methods=[method])
        return app

    def error(self, text: str, status: int = 200) -> Response:
        said = f"{text} {request.url}" if self.fake.echo_token else text
        return Response(json.dumps({"error": said}), status, mimetype="application/json")

    def guard(self) -> Response | None:
        self.fake.counts[str(request.endpoint)] += 1
        if self.fake.token and request.args.get("token") != self.fake.token:
            return self.error("Invalid authentication token. Access denied.", 401)
        fault = self.fake.faults.popleft() if self.fake.faults else ""
        if fault == "500":
            return Response("<h1>oops</h1>", 500)
        if fault == "html":
            return Response("<html>log in</html>", 200, mimetype="text/html")
        return None

    def info(self) -> Response:
        return jsonify(
            {"version": "2.2.0", "taskQueueCount": 0, "maxImages": self.fake.most_images}
        )

    def init(self) -> Response:
        uuid = request.headers.get("set-uuid", "")
        if not UUID.fullmatch(uuid) or uuid in self.fake.tasks:
            return self.error(f"Invalid set-uuid: {uuid}")
        if request.mimetype != "multipart/form-data":
            return self.error("a form that its multipart parser leaves unread")
        options = json.loads(request.form.get("options", "[]"))
        self.fake.tasks[uuid] = Task(request.form.get("name", ""), options)
        return jsonify({"uuid": uuid})

    def upload(self, uuid: str) -> Response:
        task = self.fake.tasks.get(uuid)
        if task is None or task.committed:
            return self.error("Invalid uuid (not found)")
        files = request.files.getlist("images")
        if not files:
            return self.error("Need at least 1 file.")
        task.images |= {str(file.filename): file.read() for file in files}
        return jsonify({"success": True})

    def commit(self, uuid: str) -> Response:
        task = self.fake.tasks.get(uuid)
        if task is None or task.committed:
            return self.error("Invalid uuid (not found)")
        if not task.images:
            return self.error("Need at least 1 file.")
        task.committed = True
        return jsonify({"uuid": uuid})

    def task_info(self, uuid: str) -> Response:
        task = self.fake.tasks.get(uuid)
        if task is None or not task.committed:
            return self.error(f"{uuid} not found")
        task.looks += 1
        if task.code in (QUEUED, RUNNING):
            done = task.looks > self.fake.looks
            task.code = (FAILED if self.fake.fails else COMPLETED) if done else RUNNING
        status: dict[str, object] = {"code": task.code}
        if task.code == FAILED:
            status["errorMessage"] = self.fake.fails
        progress = 100 if task.code == COMPLETED else 100 * task.looks / (self.fake.looks + 1)
        told = {"uuid": uuid, "name": task.name, "dateCreated": 0, "processingTime": 1}
        more = {"options": task.options, "progress": progress, "imagesCount": len(task.images)}
        return jsonify({**told, "status": status, **more})

    def output(self, uuid: str) -> Response:
        if uuid not in self.fake.tasks:
            return self.error(f"{uuid} not found")
        return jsonify(["running opensfm", "[ERROR] not enough matches", ""])

    def download(self, uuid: str) -> Response:
        task = self.fake.tasks.get(uuid)
        if task is None or task.code != COMPLETED:
            return self.error("Asset not ready")
        if self.fake.broken_zips:
            self.fake.broken_zips -= 1
            return Response(b"PK\x03\x04 no more", mimetype="application/zip")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("../escape.txt", b"no")
            archive.writestr("odm_orthophoto/odm_orthophoto.tif", self.fake.orthophoto(task.images))
        return Response(packed.getvalue(), mimetype="application/zip")

    def cancel(self) -> Response:
        task = self.fake.tasks.get(request.form.get("uuid", ""))
        if task is None:
            return self.error("not found")
        task.code = CANCELED
        return jsonify({"success": True})

    def remove(self) -> Response:
        uuid = request.form.get("uuid", "")
        if self.fake.tasks.pop(uuid, None) is None:
            return self.error("not found")
        self.fake.removed.append(uuid)
        return jsonify({"success": True})


@contextmanager
def served(fake: FakeNodeOdm) -> Iterator[FakeNodeOdm]:
    """The server, listening on this machine."""
    server = make_server("127.0.0.1", 0, _Api(fake).app(), threaded=True)
    fake.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
