"""Deliveries looked at and fetched, for tests."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import rasterio
from shapely.geometry import box

from tiles.sources.acquisition import Acquisition
from tiles.sources.deliveries import Deliveries
from tiles.sources.delivery_spec import DeliveriesSpec
from tiles.sources.source import Ask, Fetched

AREA = box(121.2, 31.0, 121.5, 31.3)
AUGUST = Ask(AREA, datetime(2023, 8, 1, tzinfo=UTC), datetime(2023, 9, 1, tzinfo=UTC))


def nothing() -> None:
    pass


def source(root: Path | str, **spec: object) -> Deliveries:
    return Deliveries("ours", DeliveriesSpec(str(root), **{"settle_s": 0.0, **spec}))  # type: ignore[arg-type]


def only(found: Deliveries) -> Acquisition:
    (one,) = found.search(AUGUST)
    return one


def fetched(
    found: Deliveries, folder: Path, check: Callable[[], None] = nothing
) -> tuple[Fetched, np.ndarray]:
    folder.mkdir(exist_ok=True)
    result = found.fetch(only(found), AREA, folder, check)
    with rasterio.open(folder / "bands.tif") as file:
        assert file.descriptions == result.bands and file.nodata == 0
        assert file.dtypes[0] == "uint16"
        return result, file.read()


def beside_none(text: str, *folders: Path) -> bool:
    """Whether a message names none of this machine's folders."""
    return not any(str(folder) in text for folder in folders)
