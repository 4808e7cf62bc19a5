"""What holds for every operation: accounts, safe headers, problems, a whole description."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from api.app import create_app
from api.problems import KINDS
from geo import errors
from tests.api.served import Served, assert_problem

ROOT = Path(__file__).parents[2]
OPEN = {("GET", "/healthz"), ("POST", "/api/session")}
VALUES = {
    "lead_id": "0" * 16,
    "run_id": "0" * 16,
    "job_id": "0" * 16,
    "scene_id": "0" * 64,
    "account_id": "nobody",
    "code": "310115",
    "when": "before",
    "suffix": "png",
    "mission_id": "0123456789abcdef-1",
    "flight_id": "f-0123456789ab",
    "collection": "optical",
    "item_id": "0" * 64,
    "asset": "bands",
    "upload_id": "u-" + "0" * 32,
    "sign_id": "0" * 16,
    "name": "a.jpg",
}
DESCRIPTION: dict[str, Any] = create_app().openapi()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
]
NAMED = [operation["operationId"] for *_, operation in OPERATIONS]


def address(path: str) -> str:
    return path.format(**VALUES)


def all_routes() -> list[tuple[str, str]]:
    app = create_app()
    paths = {(m.upper(), p) for m, p, _ in OPERATIONS}
    own = [route for route in app.routes if isinstance(route, APIRoute)]
    paths |= {(method, route.path) for route in own for method in route.methods}
    return sorted(paths)


@pytest.mark.parametrize(("method", "path"), all_routes())
def test_everything_needs_an_account(served: Served, method: str, path: str) -> None:
    if (method, path) in OPEN:
        return
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = served.guest().request(method, address(path), headers=headers)
        if method == "HEAD":  # its answer has no body
            assert answer.status_code == 401
        else:
            assert_problem(answer, 401, "login")


def test_only_what_is_named_is_open() -> None:
    unsecured = {(m, p) for m, p, operation in OPERATIONS if not operation.get("security")}
    assert unsecured == OPEN


@pytest.mark.parametrize("path", ["/healthz", "/api/leads", "/api/nowhere", "/", "/map/leads"])
def test_every_answer_is_safe(served: Served, path: str) -> None:
    headers = served.guest().get(path).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_paths_and_methods_that_are_not_there(analyst: TestClient) -> None:
    assert_problem(analyst.get("/api/nowhere"), 404, "not_found")
    wrong = analyst.delete("/api/leads")
    assert_problem(wrong, 405, "method")
    assert "GET" in wrong.headers["allow"]


def test_a_crash_is_told_and_keeps_its_secret(
    served: Served, analyst: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr("api.routes.leads.list_leads", crash)
    answer = analyst.get("/api/leads")
    assert_problem(answer, 500, "internal")
    assert (
        "secret" not in answer.text and "default-src" in answer.headers["content-security-policy"]
    )
    assert served.guest().get("/healthz").json()["status"] == "ok"


def test_every_error_has_its_place_in_the_table() -> None:
    ours = [value for value in vars(errors).values() if isinstance(value, type)]
    assert set(KINDS) <= set(ours)
    assert all(any(parent in KINDS for parent in error.__mro__) for error in ours)


def test_operations_are_named_once() -> None:
    assert len(set(NAMED)) == len(NAMED)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMED)
def test_an_operation_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["tags"] and operation["summary"] and operation["description"]
    responses = operation["responses"]
    assert {"422", "500", "503"} <= set(responses)
    assert (method, path) in OPEN or {"401", "403"} <= set(responses)
    assert method == "GET" or "requestBody" not in operation or "413" in responses
    for status, response in responses.items():
        if int(status) >= 400:
            assert list(response["content"]) == ["application/problem+json"]
    assert all(one.get("description") for one in operation.get("parameters", []))


def referred(schema: object) -> set[str]:
    if isinstance(schema, dict):
        own = {schema["$ref"].rsplit("/", 1)[1]} if "$ref" in schema else set()
        return own.union(*(referred(value) for value in schema.values()))
    if isinstance(schema, list):
        return set().union(*(referred(value) for value in schema))
    return set()


def test_bodies_have_examples_and_fields_have_words() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    bodies = set()
    for *_, operation in OPERATIONS:
        for body in (operation.get("requestBody"), *operation["responses"].values()):
            for content in (body or {}).get("content", {}).values():
                bodies |= referred(content["schema"])
    assert bodies and [name for name in sorted(bodies) if not schemas[name].get("examples")] == []
    silent = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, told in schema.get("properties", {}).items()
        if not told.get("description") and "$ref" not in told
    ]
    assert silent == []


def test_the_server_starts_light() -> None:
    heavy = ("torch", "torchvision", "ray", "sentinelhub")
    code = f"import sys, api.app; print(sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
