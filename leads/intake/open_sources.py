"""Sources by kind: what each wants to know, checked, and the source itself, opened."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from geo.errors import InputError
from leads.intake.typed_values import typed_values
from leads.intake.watch_spec import SourceSpec
from tiles.sources.source import Source


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of source: where its classes are, for none is imported before it is asked for."""

    module: str
    source: str
    spec_module: str
    spec: str
    secrets: bool = False
    files: tuple[str, ...] = ()
    """Settings that are files or folders where they are no URLs; a dot leads into a table."""


KINDS = {
    "sentinel-hub": _Kind(
        "tiles.sources.sentinel_hub",
        "SentinelHub",
        "tiles.sources.sentinel_hub_spec",
        "SentinelHubSpec",
        secrets=True,
    ),
    "stac": _Kind(
        "tiles.sources.stac_api",
        "StacApi",
        "tiles.sources.stac_api_spec",
        "StacApiSpec",
        files=("root",),
    ),
    "deliveries": _Kind(
        "tiles.sources.deliveries",
        "Deliveries",
        "tiles.sources.delivery_spec",
        "DeliveriesSpec",
        files=("root", "reference", "heights.dem"),
    ),
}
"""Kinds of sources, by the name the configuration has for them."""


def settings_of(spec: SourceSpec) -> Any:  # noqa: ANN401 (each kind has a class of its own)
    """The settings of a source as its kind's own values. Raises InputError."""
    kind = _kind(spec)
    cls = getattr(import_module(kind.spec_module), kind.spec)
    return cls(**typed_values(cls, spec.settings, f"source {spec.name}"))


def open_source(spec: SourceSpec, environment: Mapping[str, str] = os.environ) -> Source:
    """The source, ready to be asked; asks nothing yet.

    Raises InputError for settings that cannot be used, and where the environment lacks a secret.
    """
    kind = _kind(spec)
    settings = settings_of(spec)
    opened = getattr(import_module(kind.module), kind.source)
    if not kind.secrets:
        source: Source = opened(spec.name, settings)
        return source
    secrets = tuple(environment.get(name, "") for name in spec.secret_names)
    missing = [name for name, value in zip(spec.secret_names, secrets, strict=True) if not value]
    if missing:
        raise InputError(
            f"source {spec.name}: the environment has no {' and no '.join(missing)}: "
            "set the client's id and secret there"
        )
    with_secrets: Source = opened(spec.name, settings, secrets)
    return with_secrets


def with_whole_files(spec: SourceSpec, folder: Path) -> SourceSpec:
    """The source with relative names of files taken from a folder, so that any worker finds them.

    Raises InputError.
    """
    settings = json.loads(json.dumps(spec.settings))
    for name in _kind(spec).files:
        *tables, last = name.split(".")
        inside = settings
        for table in tables:
            inside = inside.get(table, {})
        if inside.get(last) and "://" not in inside[last]:
            inside[last] = str(folder / Path(inside[last]).expanduser())
    return replace(spec, settings=settings)


def _kind(spec: SourceSpec) -> _Kind:
    if spec.kind not in KINDS:
        raise InputError(
            f"source {spec.name}: no kind {spec.kind!a:.40}; there are {', '.join(KINDS)}"
        )
    return KINDS[spec.kind]
