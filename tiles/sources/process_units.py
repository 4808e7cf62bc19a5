"""Processing units: what Sentinel Hub charges for a request, by its published formula.

docs.sentinel-hub.com/api/latest/api/overview/processing-unit, and the same text at
documentation.dataspace.copernicus.eu/APIs/SentinelHub/Overview/ProcessingUnit.html: one unit is
512 x 512 pixels of three input bands, one sample a pixel, at most 16 bits. Factors multiply; that
of the size is at least 0.01, a request costs at least 0.005, and `dataMask` is no band. Failed
requests cost nothing. The count of units that a service states with its answer decides.
"""

UNIT_PX = 512
"""Edge of the image that one unit is for."""
LEAST_SIZE = 0.01
"""Least factor of the size: smaller images cost as much."""
LEAST_UNITS = 0.005
"""Least cost of a request of the Process API."""


def process_units(
    height: int,
    width: int,
    bands: int,
    bits: int = 16,
    samples: int = 1,
    *,
    orthorectified: bool = False,
) -> float:
    """Units of one request of the Process API.

    `height` and `width` are of the image in pixels, `bands` the input bands without `dataMask`,
    `bits` those of a pixel's value, `samples` the images that one pixel is made from;
    orthorectifying (radar) doubles the cost.
    """
    size = max(LEAST_SIZE, height * width / UNIT_PX**2)
    units = size * bands / 3 * (2 if bits > 16 else 1) * samples * (2 if orthorectified else 1)
    return max(LEAST_UNITS, units)
