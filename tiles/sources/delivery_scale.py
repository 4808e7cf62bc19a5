"""Which bands a delivery's image has, and what its numbers mean."""

from geo.errors import SceneError, SetupError
from tiles.ortho.raw import RawFacts
from tiles.ortho.scaling import Scaling, by_calibration, by_coefficients, calibration_for
from tiles.sources.delivery_bundles import Bundle
from tiles.sources.delivery_facts import Facts, coefficients_of_tag
from tiles.sources.delivery_names import PLANET_BANDS, SENSORS, Family
from tiles.sources.delivery_spec import DeliveriesSpec


def bands_of(spec: DeliveriesSpec, bundle: Bundle, raw: RawFacts) -> tuple[str, ...]:
    """STAC names of the colour image's bands, in the file's order.

    Raises SetupError: a number of bands that nothing is known of.
    """
    named = bundle.colour[0].named
    if named.sensor in spec.bands:
        return spec.bands[named.sensor]
    known = PLANET_BANDS.get((named.sensor, raw.bands))
    sensor = SENSORS.get(named.sensor)
    if known is None and named.family != Family.PLANET and sensor is not None:
        known = sensor.bands
    if known is None:
        raise SetupError(
            f"{raw.path}: {raw.bands} band(s) of {named.sensor}, of which no order is known; give "
            "the source `bands` for this sensor"
        )
    return known


def scaling_for(
    spec: DeliveriesSpec, bundle: Bundle, facts: Facts, raw: RawFacts, sun_elevation: float
) -> Scaling | None:
    """How numbers become reflectance, or None: they are kept as they are.

    Raises SceneError: the metadata's factors cannot be, or are of another number of bands;
    SetupError: the calibration is.
    """
    named, bands = bundle.colour[0].named, bands_of(spec, bundle, raw)
    if raw.bits == 8:
        return None
    if named.family == Family.PLANET:
        return _planet(named.product, facts, raw, len(bands))
    when = bundle.colour[0].named.acquired
    table = calibration_for(spec.calibration, named.sensor, when.year)
    if table is None:
        return None
    if len(table.gain) != len(bands):
        raise SetupError(
            f"{raw.path}: {len(bands)} bands, calibration of {named.sensor} has {len(table.gain)}"
        )
    return by_calibration(table, when.date(), sun_elevation)


def _planet(product: str, facts: Facts, raw: RawFacts, bands: int) -> Scaling | None:
    low = product.lower()
    if "_sr" in low:
        step = "surface reflectance as Planet delivers it"
        return Scaling((1.0,) * bands, (0.0,) * bands, step, is_surface=True)
    if "_dn" in low or "pansharpened" in low:
        return None
    factors = facts.coefficients or coefficients_of_tag(raw.description)
    if not factors:
        return None
    if len(factors) != bands:
        raise SceneError(
            f"{raw.path}: {bands} bands, its metadata has reflectance coefficients of "
            f"{len(factors)}: of another product; hand over its own XML"
        )
    return by_coefficients(
        factors, "radiance to reflectance at the top of the atmosphere by Planet's coefficients"
    )
