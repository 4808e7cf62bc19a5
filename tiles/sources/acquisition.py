"""Acquisition: one pass over the ground as a source offers it, before anything of it is fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from geo.errors import SceneError


class Kind(StrEnum):
    """What a sensor sees with."""

    OPTICAL = "optical"
    """Sunlight."""
    SAR = "sar"
    """Its own radar beam, also under cloud."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """One pass as a source offers it."""

    source: str
    """Name of the source in the configuration."""
    collection: str
    """The source's collection, for example `sentinel-2-l2a`."""
    identifier: str
    """The source's own id of it: what it is fetched by."""
    kind: Kind
    """What it was seen with."""
    acquired: datetime
    """Instant (UTC) in the middle of the sensing."""
    footprint: BaseGeometry
    """Ground it shows, (multi)polygon in longitude and latitude."""
    published: datetime | None = None
    """Instant (UTC) at which the source put it up, or changed it last; None: not said."""
    cloud_share: float | None = None
    """Cloud over the whole of it as the source states it, 0 to 1; None where it does not."""
    platform: str = ""
    """Satellite, as STAC names it: `sentinel-2a`, `gf-1`."""
    same_as: str = ""
    """What all versions of one sensing share: platform, start, tile. Empty: unknown."""
    version: str = ""
    """Orders the versions of one sensing: processing baseline or the like; the greatest is best."""
    orbit: str = ""
    """Relative orbit and direction: radar images compare only within one. Empty: unknown."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """What the source needs to fetch it, as JSON values."""

    def __post_init__(self) -> None:
        if self.acquired.tzinfo is None:
            raise SceneError(f"{self.identifier}: {self.acquired} has no time zone")
        if not self.identifier or self.footprint.is_empty:
            raise SceneError(f"{self.source}: an acquisition without id or footprint")
        if self.cloud_share is not None and not 0 <= self.cloud_share <= 1:
            raise SceneError(f"{self.identifier}: cloud share {self.cloud_share}; needs 0 to 1")

    @property
    def as_json(self) -> dict[str, Any]:
        """The acquisition as JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            **values,
            "kind": self.kind.value,
            "acquired": self.acquired.isoformat(),
            "published": None if self.published is None else self.published.isoformat(),
            "footprint": mapping(self.footprint),
            "detail": dict(self.detail),
        }


def acquisition_of(values: Mapping[str, Any]) -> Acquisition:
    """The acquisition of `Acquisition.as_json`. Raises SceneError where it is none."""
    try:
        published = values["published"]
        return Acquisition(
            **{
                **values,
                "kind": Kind(values["kind"]),
                "acquired": datetime.fromisoformat(values["acquired"]),
                "published": None if published is None else datetime.fromisoformat(published),
                "footprint": shape(values["footprint"]),
            }
        )
    except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise SceneError(f"kept acquisition is damaged ({error}): search again") from None
