"""The page's own checks: types, units, and a client that fits the interface."""

import json
from pathlib import Path

import pytest

from api.app import create_app
from tests.web.conftest import WEB, Npm

pytestmark = pytest.mark.web


def test_types_are_strict_and_right(npm: Npm) -> None:
    done = npm("run", "check")
    assert done.returncode == 0, done.stdout


def test_units(npm: Npm) -> None:
    done = npm("test")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_client_is_what_the_interface_says(npm: Npm, tmp_path: Path) -> None:
    described, made = tmp_path / "openapi.json", tmp_path / "schema.d.ts"
    described.write_text(json.dumps(create_app().openapi()), encoding="utf-8")
    done = npm("run", "client", "--", str(described), "--output", str(made))
    assert done.returncode == 0, done.stdout + done.stderr
    kept = (WEB / "src" / "api" / "schema.d.ts").read_text(encoding="utf-8")
    assert made.read_text(encoding="utf-8") == kept, "run `make client`"
