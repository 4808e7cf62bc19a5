"""Which Sentinel Hub is asked, and what for: the global service, the Data Space, or another."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from geo.errors import InputError
from tiles.sources.sentinel_hub_products import OPTICAL, Product, product_of

MOST_PX = 2500
"""Largest edge of an image of the Process API."""

_TOKEN = "protocol/openid-connect/token"  # noqa: S105  (part of an address)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class SentinelHubSpec:
    """Which service is asked, and what for."""

    service_url: str = "https://services.sentinel-hub.com"
    """Base of the service's addresses."""
    token_url: str = f"https://services.sentinel-hub.com/auth/realms/main/{_TOKEN}"
    """Where its tokens come from."""
    collection: str = OPTICAL
    """`sentinel-2-l2a` or `sentinel-1-grd`."""
    bands: tuple[str, ...] = ()
    """STAC common names; empty: those that are usual for the collection."""
    cloud_band: str = "CLP"
    """Band of the probability of cloud: `CLP`, `CLD` or empty."""
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
        for url in (self.service_url, self.token_url):
            parts = urlsplit(url)
            if parts.scheme != "https" and not (
                parts.scheme == "http" and parts.hostname in _LOOPBACK
            ):
                raise InputError(f"{url}: secrets go over https only; give an https address")
        if not 64 <= self.request_px <= MOST_PX:
            raise InputError(f"requests of {self.request_px} px: 64 to {MOST_PX} can be had")
        if self.tries < 1 or min(self.first_wait_s, self.longest_wait_s, self.answer_s) < 0:
            raise InputError(f"{self.tries} tries: at least one, and no time below 0")
        _ = self.product

    @property
    def product(self) -> Product:
        """What its requests bring."""
        return product_of(self.collection, self.bands, self.cloud_band)


GLOBAL = SentinelHubSpec()
"""The global service, by Planet Labs."""
DATA_SPACE = SentinelHubSpec(
    service_url="https://sh.dataspace.copernicus.eu",
    token_url=f"https://identity.dataspace.copernicus.eu/auth/realms/CDSE/{_TOKEN}",
    cloud_band="CLD",
)
"""The Copernicus Data Space Ecosystem."""
