"""What the settings of a STAC API say: where it is, what is asked, how its pixels are read."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from geo.errors import InputError, SetupError
from tiles.files.band_names import WAVELENGTH_NM
from tiles.sources.acquisition import Kind

BANDS = {
    Kind.OPTICAL: ("blue", "green", "red", "nir", "swir16", "swir22"),
    Kind.SAR: ("vv", "vh"),
}
"""Bands that are fetched where the settings name none."""

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class StacApiSpec:
    """Settings of one collection of a STAC API."""

    url: str
    """Address of the landing page, https; http on this machine only."""
    collection: str
    """Identifier of the collection."""
    sensor: Kind = Kind.OPTICAL
    """What the collection's sensor sees with."""
    bands: tuple[str, ...] = ()
    """STAC common names to fetch, all of which an item must have; empty: the usual ones."""
    assets: Mapping[str, str] = field(default_factory=dict)
    """Asset key -> common name (or `scl`), where the items do not say it themselves."""
    scl: bool | None = None
    """The scene classification: True, an item must have one; False, left; None, where it is."""
    scale: float | None = None
    """Reflectance of one digital number, where the items do not say it or say it wrongly."""
    offset: float | None = None
    """Reflectance of the digital number 0, likewise; wrong in parts of some public catalogues."""
    query: Mapping[str, Any] = field(default_factory=dict)
    """Further conditions of the search, in the form of STAC's query extension."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header -> environment variable that holds its value; sent to the host of `url` only."""
    hosts: tuple[str, ...] = ()
    """Further hosts (`host` or `host:port`) that the API's links may lead to."""
    page_size: int = 100
    """Items that are asked for per page."""
    timeout_s: float = 60.0
    """Longest time of one request of the search, in seconds."""
    root: Path | None = None
    """Folder in which the items' assets may be files of this machine; None: none may."""

    def __post_init__(self) -> None:
        check_url(self.url)
        if not self.collection:
            raise InputError(f"{self.url}: name a collection of it")
        if not 1 <= self.page_size <= 10_000 or not 0 < self.timeout_s <= 3600:
            raise InputError(
                f"{self.url}: {self.page_size} items a page within {self.timeout_s:g} s; "
                "1 to 10,000 within an hour can be asked for"
            )
        known = set(BANDS[Kind.SAR]) if self.sensor is Kind.SAR else set(WAVELENGTH_NM)
        odd = [name for name in self.bands if name not in known]
        if odd or len(set(self.bands)) < len(self.bands):
            told = f"no band {odd[0]!a:.40}" if odd else "a band is named twice"
            raise InputError(f"{self.url}: {told}; there are {', '.join(sorted(known))}")
        if self.scale is not None and self.scale <= 0:
            raise InputError(f"{self.url}: a scale of {self.scale}; it must be above 0")

    @property
    def wanted(self) -> tuple[str, ...]:
        """Common names of the bands that are fetched."""
        return self.bands or BANDS[self.sensor]

    def secret_headers(self) -> dict[str, str]:
        """Headers with their values from the environment. Raises SetupError: one is unset."""
        missing = [name for name in self.headers.values() if not os.environ.get(name)]
        if missing:
            raise SetupError(f"{self.url}: the environment variable {missing[0]} is not set")
        return {header: os.environ[name] for header, name in self.headers.items()}


def check_url(url: str) -> str:
    """The host (with its port) of an address that may be asked; raises InputError where none may.

    The address must be https, or http on this machine, without user name or password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InputError("the address of a STAC API is malformed: its host or port") from None
    plain = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not plain or not host or "@" in parts.netloc:
        raise InputError(
            f"{parts.scheme}://{host}: a STAC API is asked over https, without a name or password "
            "in its address; http is for this machine only"
        )
    return host if port is None else f"{host}:{port}"
