"""Our plain import names are ours: no other distribution ships, shadows or overwrites them."""

from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = "hongxian"


@pytest.mark.parametrize("name", ["geo", "tiles", "models", "leads", "api"])
def test_import_name_is_ours(name: str) -> None:
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None
    assert Path(spec.origin).resolve().is_relative_to(ROOT), f"{name!r} comes from {spec.origin}"
    shippers = set(packages_distributions().get(name, []))
    assert shippers <= {OURS}, f"another distribution ships {name!r}: {shippers}"
