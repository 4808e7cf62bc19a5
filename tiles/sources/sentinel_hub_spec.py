"""Which Sentinel Hub is asked, and what for: the global service, the Data Space, or another."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from geo.errors import InputError
from tiles.sources.sentinel_hub_products import OPTICAL, Product, product_of

MOST_PX = 2500
"""Largest edge of an image of the Process API."""

_TOKEN = "protocol/openid-connect/token"  # noqa: S105  (part of an address)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of Sentinel Hub."""

    url: str
    """Base of its addresses."""
    token_url: str
    """Where its tokens come from."""
    cloud_band: str
    """Its best band of the probability of cloud."""


SERVICES: Mapping[str, Deployment] = MappingProxyType(
    {
        "global": Deployment(
            "https://services.sentinel-hub.com",
            f"https://services.sentinel-hub.com/auth/realms/main/{_TOKEN}",
            "CLP",
        ),
        "data-space": Deployment(
            "https://sh.dataspace.copernicus.eu",
            f"https://identity.dataspace.copernicus.eu/auth/realms/CDSE/{_TOKEN}",
            "CLD",
        ),
    }
)
"""The global service (Planet Labs) and the Copernicus Data Space Ecosystem, which has no
s2cloudless probabilities."""


@dataclass(frozen=True, slots=True)
class SentinelHubSpec:
    """Which service is asked, and what for."""

    service: str = "global"
    """A service of SERVICES."""
    service_url: str = ""
    """Base of the addresses of another deployment, with `token_url`; empty: those of `service`."""
    token_url: str = ""
    """Where the other deployment's tokens come from."""
    collection: str = OPTICAL
    """`sentinel-2-l2a` or `sentinel-1-grd`."""
    bands: tuple[str, ...] = ()
    """STAC common names; empty: those that are usual for the collection."""
    cloud_band: str | None = None
    """Band of the probability of cloud: `CLP`, `CLD`, empty for none; None: the service's best."""
    request_px: int = 2048
    """Largest edge of one request's image, in pixels."""
    tries: int = 4
    """Times that one request is sent while the service is away."""
    first_wait_s: float = 1.0
    """Wait before a second try, in seconds, doubled before each further one."""
    longest_wait_s: float = 120.0
    """Time for all waits of one request, in seconds."""
    answer_s: float = 120.0
    """Time in which a part of an answer must come, in seconds."""

    def __post_init__(self) -> None:
        if self.service not in SERVICES:
            raise InputError(f"service {self.service!r}: there are {', '.join(SERVICES)}")
        if bool(self.service_url) != bool(self.token_url):
            raise InputError("another Sentinel Hub needs both service_url and token_url")
        for url in (self.hub.url, self.hub.token_url):
            parts = urlsplit(url)
            loopback = parts.scheme == "http" and parts.hostname in _LOOPBACK
            if not (parts.hostname and (parts.scheme == "https" or loopback)):
                raise InputError(f"{url}: secrets go over https only; give an https address")
        if not 64 <= self.request_px <= MOST_PX:
            raise InputError(f"requests of {self.request_px} px: 64 to {MOST_PX} can be had")
        if self.tries < 1 or min(self.first_wait_s, self.longest_wait_s) < 0 or self.answer_s <= 0:
            raise InputError(
                f"{self.tries} tries, waits of {self.first_wait_s} to {self.longest_wait_s} s, "
                f"answers in {self.answer_s} s: give at least one try and no time below 0"
            )
        _ = self.product

    @property
    def hub(self) -> Deployment:
        """The deployment that is asked."""
        known = SERVICES[self.service]
        if not self.service_url:
            return known
        return Deployment(self.service_url.rstrip("/"), self.token_url, known.cloud_band)

    @property
    def product(self) -> Product:
        """What its requests bring."""
        cloud = self.hub.cloud_band if self.cloud_band is None else self.cloud_band
        return product_of(self.collection, self.bands, cloud)
