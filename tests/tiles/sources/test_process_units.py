"""Processing units: the service's published examples and rules."""

import pytest

from tiles.sources.process_units import process_units


@pytest.mark.parametrize(
    ("height", "width", "bands", "more", "units"),
    [
        (512, 512, 3, {}, 1.0),
        (512, 512, 4, {}, 4 / 3),
        (1024, 1024, 3, {}, 4.0),
        (20, 20, 3, {}, 0.01),  # of the size no less than a hundredth counts
        (20, 20, 2, {}, 2 / 300),  # the example of the service's own forum
        (20, 20, 1, {}, 0.005),  # and of the whole no less than this
        (512, 512, 3, {"bits": 32}, 2.0),
        (512, 512, 3, {"bits": 8}, 1.0),
        (512, 512, 3, {"samples": 5}, 5.0),
        (512, 512, 2, {"bits": 32, "orthorectified": True}, 8 / 3),
    ],
)
def test_units(height: int, width: int, bands: int, more: dict[str, int], units: float) -> None:
    assert process_units(height, width, bands, **more) == pytest.approx(units)
