"""Bodies of coverage: when each hectare was last seen clear."""

from datetime import date

from api.bodies.base import Answer, DistrictCode, examples

_DISTRICT = {
    "district_code": "310151",
    "district_name": "崇明区",
    "hectares": 118500,
    "steps": [40210, 52100, 21000, 3100, 90, 2000],
    "median_days": 11.0,
    "latest": "2026-11-24",
}
_STEPS = ["days_0_7", "days_7_30", "days_30_90", "days_90_365", "older", "never"]


class DistrictCoverage(Answer):
    """How long ago the hectares of one district were last seen clear."""

    model_config = examples(_DISTRICT)

    district_code: DistrictCode
    """GB/T 2260 code."""
    district_name: str
    """Its name."""
    hectares: int
    """Cells of 100 m whose middle lies in the district."""
    steps: list[int]
    """Hectares by age, in the order of `step_names`."""
    median_days: float | None
    """Half of those ever seen were seen within so many days; null where none was."""
    latest: date | None
    """Day of the latest sight of any of them."""


class Coverages(Answer):
    """Coverage of the districts one may see."""

    model_config = examples({"today": "2026-11-26", "step_names": _STEPS, "districts": [_DISTRICT]})

    today: date
    """Day the ages count to, Asia/Shanghai."""
    step_names: list[str]
    """Steps of age, the freshest first: days from over, to; then `older`, `never`."""
    colours: list[str]
    """Colour of each step on the map, `#rrggbb`."""
    districts: list[DistrictCoverage]
    """By code."""


class CoverageMap(Answer):
    """Where the coverage picture of a district lies."""

    model_config = examples(
        {"corners": [[121.1, 31.9], [122.1, 31.9], [122.1, 31.4], [121.1, 31.4]]}
    )

    corners: list[list[float]]
    """Longitude and latitude (WGS 84) of the picture's upper left, upper right, lower right and
    lower left corner."""
