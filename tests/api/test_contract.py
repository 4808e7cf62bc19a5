"""Schemathesis over the whole description: whatever is sent, no 5xx, and answers fit the schema."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.settings import Settings
from leads.store.engine import connect
from tests.api.served import Clock, Served, lead_ids, people

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PATHS = create_app().openapi()["paths"]
LABELS = sorted(f"{method.upper()} {path}" for path in PATHS for method in PATHS[path])
CALM = tuple(HealthCheck)


@schemathesis.serializer("application/offset+octet-stream")
def bytes_of_an_upload(context: schemathesis.SerializationContext, value: object) -> bytes:
    """As the tus protocol sends them."""
    del context
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def city(city_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One store for all: what one call breaks shows in the next."""
    folder = tmp_path_factory.mktemp("contract")
    shutil.copy(city_file, folder / "store.db")
    store = connect(f"sqlite:///{folder / 'store.db'}")
    app = create_app(Settings(data=folder, web=folder / "page"), store=store, clock=Clock())
    yield Served(app, store, folder / "store.db", Clock())
    app.state.context.close()
    store.dispose()


def call_all(city: Served, label: str, examples: int) -> None:
    clients = {person.account_id: city.log_in(person.account_id) for person in people()}
    known = lead_ids(clients["analyst-1"])
    headers = dict(clients["analyst-1"].headers)
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", city.app, headers=headers)
    method, path = label.split(" ")
    operation = schema[path][method]

    @settings(
        max_examples=examples,
        deadline=timedelta(seconds=60),
        suppress_health_check=CALM,
        phases=[Phase.generate],
        database=None,
    )
    @given(case=operation.as_strategy(), name=st.sampled_from(sorted(clients)), data=st.data())
    def call(case: schemathesis.Case, name: str, data: st.DataObject) -> None:
        if "lead_id" in case.path_parameters and data.draw(st.booleans()):
            case.path_parameters["lead_id"] = data.draw(st.sampled_from(known))
        fresh = label == "DELETE /api/session"  # logging out would end the others' session
        client = city.log_in(name) if fresh else clients[name]
        token = {"Authorization": client.headers["Authorization"]}
        case.call_and_validate(checks=CHECKS, headers=token)

    call()


@pytest.mark.parametrize("label", LABELS)
def test_few_examples(city: Served, label: str) -> None:
    call_all(city, label, 5)


@pytest.mark.slow
@pytest.mark.parametrize("label", LABELS)
def test_many_examples(city: Served, label: str) -> None:
    call_all(city, label, 60)
