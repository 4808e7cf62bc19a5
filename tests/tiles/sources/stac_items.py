"""Items of Sentinel-2 as a public catalogue lists them, over the sample ground."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from shapely.geometry import box, mapping

from geo.crs import CGCS2000, reproject_geometry
from tests.fakes.cogs import GROUND, band_file, cog_of
from tests.tiles.files.range_server import Served, Server
from tiles.files.open_scene import open_scene
from tiles.sources.source import Ask

KEYS = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "swir16": "B11", "scl": "SCL"}
BANDS = ("blue", "green", "red", "nir", "swir16")
SENSED = datetime(2023, 3, 23, 2, 41, 7, 25_000, tzinfo=UTC)

_GRID = open_scene(str(GROUND)).geobox
AREA = reproject_geometry(box(*_GRID.bounds), _GRID.crs, CGCS2000)
"""The sample ground, longitude and latitude."""
ASK = Ask(AREA, datetime(2023, 3, 1, tzinfo=UTC), datetime(2023, 4, 1, tzinfo=UTC))


def item(number: int = 0, url: str = "", **said: Any) -> dict[str, Any]:  # noqa: ANN401
    """An item with its assets at `url`; `said` replaces properties."""
    stated = {
        "datetime": SENSED.isoformat().replace("+00:00", "Z"),
        "created": "2023-03-23T08:00:00Z",
        "platform": "Sentinel-2A",
        "constellation": "sentinel-2",
        "eo:cloud_cover": 12.5,
        "view:sun_azimuth": 141.5,
        "grid:code": f"MGRS-51RUQ{number or ''}",
        "sat:relative_orbit": 89,
        "s2:processing_baseline": "05.09",
        "s2:datatake_id": "GS2A_20230323T023531_040432_N05.09",
    }
    return deepcopy(
        {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": f"S2A_51RUQ_20230323_{number}_L2A",
            "collection": "sentinel-2-l2a",
            "geometry": mapping(AREA.buffer(0.01)),
            "bbox": list(AREA.buffer(0.01).bounds),
            "properties": {**stated, **said},
            "links": [],
            "assets": {**assets(url), "thumbnail": {"href": "https://a.example.cn/preview.jpg"}},
        }
    )


def assets(url: str) -> dict[str, Any]:
    return {
        key: {
            "href": f"{url}/cogs/{file}.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "roles": ["data"],
            "eo:bands": [{"name": key, "common_name": key}] if key != "scl" else [],
            "raster:bands": [{"nodata": 0, "scale": 0.0001, "offset": -0.1}]
            if key != "scl"
            else [{"nodata": 0}],
        }
        for key, file in KEYS.items()
    }


def serve_cogs(server: Server, *, added: int = 1000, blank: int = 10) -> None:
    """The files of `assets`, with the offset of the newer baselines and a strip without data."""
    for key, file in KEYS.items():
        shift = 0 if key == "scl" else added
        data = cog_of(file, added=shift, blank=blank if file not in {"B11", "SCL"} else blank // 2)
        server.files[f"/cogs/{file}.tif"] = Served(data)
    assert band_file("B02").exists()
