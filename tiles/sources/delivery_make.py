"""Make a fetched scene of a delivery's files: on the ground, sharpened, scaled, with its mask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import atan, degrees, hypot
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry

from geo.errors import InputError, SceneError, SetupError
from geo.geobox import GeoBox
from tiles.files.open_scene import open_scene
from tiles.limited import LimitedPool
from tiles.ortho.bundle_text import decoded
from tiles.ortho.error import measure, told_error_m
from tiles.ortho.images import Maker, Ortho, Placed
from tiles.ortho.pansharpen import Sharpened, fit_pan
from tiles.ortho.placing import by_place, by_rpc, check_ground, finer, footprint, sensible_gsd
from tiles.ortho.raw import RawFacts, raw_facts
from tiles.ortho.rpc import Rpc, rpc_of_text
from tiles.ortho.scaling import Scaled, Scaling
from tiles.ortho.strips import lay_out
from tiles.ortho.udm2 import BANDS as UDM2_BANDS
from tiles.ortho.udm2 import Classified
from tiles.sources.acquisition import Acquisition
from tiles.sources.delivery_bundles import Bundle, Image
from tiles.sources.delivery_facts import Facts
from tiles.sources.delivery_names import SENSORS, Role
from tiles.sources.delivery_scale import bands_of, scaling_for
from tiles.sources.delivery_spec import DeliveriesSpec
from tiles.sources.parts import PartsFolder
from tiles.sources.source import BANDS_FILE, SCL_FILE, Fetched
from tiles.sources.sun_position import sun_position

_SUN_APART_DEG = 3.0
"""A stated sun that is further from the true one is not believed."""


@dataclass(slots=True)
class Making:
    """One delivery on its way to a scene."""

    bundle: Bundle
    """What it is made of."""
    paths: Mapping[str, Path]
    """Where each entry lies on this machine, by key."""
    facts: Facts
    """What its metadata says."""
    acquisition: Acquisition
    """What is fetched."""
    spec: DeliveriesSpec
    """How the source is set up."""
    area: BaseGeometry
    """Ground that is wanted, longitude and latitude."""
    folder: Path
    """Where the scene is written."""
    parts: PartsFolder
    """Where what is half done is kept."""
    pool: LimitedPool
    """Children that decode."""
    check: Callable[[], None]
    """Called between steps."""
    steps: list[str] = field(default_factory=list)
    """What was done, a line each."""
    error_m: float | None = None
    """Error of position, one standard deviation in metres; None: not known."""
    lean: float | None = None
    """Lean of the rays, where an RPC says it."""

    def run(self) -> Fetched:
        """Write BANDS_FILE, and SCL_FILE where there is a mask.

        Raises SceneError, InputError; SetupError: DEM, heights, reference, bands or calibration.
        """
        raws = [self._raw(image) for image in self.bundle.colour]
        bands = bands_of(self.spec, self.bundle, raws[0])
        self._check_truth(raws, bands)
        scaling = scaling_for(self.spec, self.bundle, self.facts, raws[0], self._sun()[1])
        image = self._on_ground(raws, bands)
        moved = self._against_reference(image)
        made: Maker = moved.image
        if self.bundle.pan is not None:
            made = self._sharpened(moved, self.bundle.pan)
        else:
            self._tell_no_pan()
        if scaling is not None:
            made = Scaled(made, scaling)
            self.steps.append(scaling.step)
        else:
            self.steps.append("digital numbers kept: no calibration is known")
        self._lay(made, self.folder / BANDS_FILE, "bands")
        return Fetched(
            bands=made.bands,
            gsd_m=made.grid.pixel_size[0],
            has_scl=self._mask(made.grid),
            reflectance=scaling is not None,
            position_error_m=self.error_m,
            properties=self._properties(scaling),
            steps=tuple(self.steps),
        )

    def _tell_no_pan(self) -> None:
        """A PAN that comes after the rest was quiet comes too late: say that it was not there."""
        named = self.bundle.colour[0].named
        sensor = SENSORS.get(named.sensor)
        if named.role is Role.MSS and sensor is not None and sensor.pan_gsd_m is not None:
            self.steps.append(
                f"not pan-sharpened: when it was taken its PAN of {sensor.pan_gsd_m:g} m was not "
                "there"
            )

    def _raw(self, image: Image) -> RawFacts:
        self.check()
        return self.pool.run(raw_facts, str(self.paths[image.entry.key]))

    def _lay(self, image: Maker, target: Path, stage: str, dtype: str = "uint16") -> None:
        lay_out(image, target, self.parts, stage, self.pool, self.check, dtype)

    def _check_truth(self, raws: list[RawFacts], bands: tuple[str, ...]) -> None:
        """Refuse metadata that lies about the image."""
        raw, facts = raws[0], self.facts
        pairs = (
            (facts.bands, raw.bands, "bands"),
            (facts.rows, raw.rows, "rows"),
            (facts.cols, raw.cols, "columns"),
        )
        for stated, found, what in pairs:
            if stated is not None and stated != found and len(raws) == 1:
                raise SceneError(
                    f"{raw.path}: {found} {what}, {self.bundle.metadata[0].name} states {stated}; "
                    "one of the two is of another image, or cut short: copy the delivery again"
                )
        if any(one.bands < len(bands) for one in raws):
            raise SceneError(
                f"{raw.path}: {raw.bands} band(s), {self.bundle.colour[0].named.sensor} has "
                f"{len(bands)}; hand over the whole image, or give its order in `bands`"
            )

    def _on_ground(self, raws: list[RawFacts], bands: tuple[str, ...]) -> Ortho | Placed:
        """The colour image on its grid over the area: by its place, else by RPC and heights."""
        named = self.bundle.colour[0].named
        rpcs = [self._rpc(*pair) for pair in zip(self.bundle.colour, raws, strict=True)]
        if _is_placed(raws[0], named.level):
            self.steps.append(f"on the ground as delivered ({named.level or 'georeferenced'})")
            return by_place(raws[0], bands, self.area)
        known = [rpc for rpc in rpcs if rpc is not None]
        if len(known) < len(rpcs):
            raise _no_rpc(self.bundle.colour[0])
        sensor = SENSORS.get(named.sensor)
        gsd = sensible_gsd(known[0], sensor.gsd_m if sensor else None)
        return self._by_rpc(raws, known, bands, gsd)

    def _by_rpc(
        self, raws: list[RawFacts], rpcs: list[Rpc], bands: tuple[str, ...], gsd: float
    ) -> Ortho:
        heights, named = self.spec.heights, self.bundle.colour[0].named
        heights.check(raws[0].path)
        stated = self.facts.footprint if len(raws) == 1 else None
        middle = named.middle if len(raws) == 1 else None  # that of all parts together
        for raw, rpc in zip(raws, rpcs, strict=True):
            check_ground(raw.path, footprint(rpc, raw.rows, raw.cols), stated, middle)
        dem = self.parts.place / "dem.tif"
        image = self.pool.run(by_rpc, raws, rpcs, bands, gsd, self.area, heights, dem)
        sensor = SENSORS.get(named.sensor)
        own = self.spec.error_m.get(named.sensor, sensor.error_m if sensor else 0.0)
        self.error_m = max(told_error_m(rpc, own, heights.error_m) for rpc in rpcs)
        self.lean = rpcs[0].lean()
        ground = f"DEM {Path(heights.dem).name}" if heights.dem else f"height {heights.height_m} m"
        self.steps.append(
            f"orthorectified by RPC and {ground} to {gsd:g} m, bicubic; error told "
            f"{self.error_m:.1f} m (rays lean {self.lean:.2f} m per metre of height)"
        )
        return image

    def _rpc(self, image: Image, raw: RawFacts) -> Rpc | None:
        if image.rpc is None:
            return raw.rpc
        data = self.paths[image.rpc.key].read_bytes()
        return rpc_of_text(decoded(data, image.rpc.name), image.rpc.name)

    def _against_reference(self, image: Ortho | Placed) -> "_Moved":
        """The image measured against the reference, and moved where that is allowed."""
        if not self.spec.reference:
            return _Moved(image)
        self.check()
        try:
            day = self.acquisition.acquired.date()
            reference = self.pool.run(open_scene, self.spec.reference, day)
        except SceneError as error:
            raise SetupError(f"reference {error}; mend the source's `reference`") from None
        coarse = max(image.grid.pixel_size[0], reference.geobox.pixel_size[0])
        found = self.pool.run(measure, image, reference, coarse)
        if found is None:
            self.steps.append("position could not be measured against the reference")
            return _Moved(image)
        length = hypot(found.east_m, found.north_m)
        told = f"{length:.2f} m beside the reference ({found.blocks} blocks)"
        if length > self.spec.correct_m:
            self.error_m = hypot(length, found.spread_m)
            self.steps.append(f"lies {told}; not moved")
            return _Moved(image)
        self.error_m = found.spread_m
        self.steps.append(f"was {told}; moved there, {found.spread_m:.2f} m are left")
        return _Moved(image.moved(found.east_m, found.north_m), (found.east_m, found.north_m))

    def _sharpened(self, colour: "_Moved", pan: Image) -> Sharpened:
        """PAN and MSS brought onto nested grids, then onto each other."""
        raw, coarse = self._raw(pan), colour.image
        if raw.bands != 1:
            raise SceneError(f"{raw.path}: {raw.bands} bands; a PAN has one: is it the MSS?")
        sensor = SENSORS.get(pan.named.sensor)
        rpc = self._rpc(pan, raw)
        step = coarse.grid.pixel_size[0]
        fine: Ortho | Placed
        if isinstance(coarse, Placed):
            own = by_place(raw, ("pan",), self.area)
            factor = round(step / own.grid.pixel_size[0])
            fine = own.on(finer(coarse.grid, max(1, factor)))
        elif rpc is None:
            raise _no_rpc(pan)
        else:
            ground = footprint(rpc, raw.rows, raw.cols)
            check_ground(raw.path, ground, self.facts.footprint, pan.named.middle)
            gsd = sensible_gsd(rpc, sensor.pan_gsd_m if sensor else None)
            factor = round(step / gsd)
            seen = replace(coarse.images[0], path=raw.path, rpc=rpc)
            grid = finer(coarse.grid, max(1, factor))
            fine = replace(coarse, images=(seen,), bands=("pan",), grid=grid)
        if factor < 2:
            raise SceneError(
                f"{raw.path}: PAN is not finer than MSS ({step:g} m); are the two, or their RPCs, "
                "swapped?"
            )
        fine = fine.moved(*colour.by)
        for stage, image in (("pan", fine), ("mss", coarse)):
            if not self.parts.has(f"{stage}.tif"):
                draft = self.parts.draft(f"{stage}.tif")
                self._lay(image, draft, stage)
                self.parts.keep(f"{stage}.tif", draft)
        paths = [str(self.parts.path(f"{stage}.tif")) for stage in ("pan", "mss")]
        self.check()
        fit = self.pool.run(fit_pan, paths[0], paths[1], factor, len(coarse.bands))
        weights = ", ".join(f"{w:.2f}" for w in fit.weights)
        moved = f"MSS moved by {fit.shift_px[0]:.2f}, {fit.shift_px[1]:.2f} of its pixels"
        self.steps.append(
            f"pan-sharpened to {step / factor:g} m, Brovey with regressed weights {weights}; "
            f"{moved if fit.blocks else 'shift between PAN and MSS not measured'}"
        )
        return Sharpened(paths[0], paths[1], factor, fit, coarse.bands, fine.grid)

    def _mask(self, grid: GeoBox) -> bool:
        """SCL_FILE of Planet's mask, on the image's grid; False where there is none."""
        entry = self.bundle.udm2
        if entry is None:
            return False
        self.check()
        raw = self.pool.run(raw_facts, str(self.paths[entry.key]))
        if raw.place is None or raw.bands != len(UDM2_BANDS):
            raise SceneError(
                f"{raw.path}: {raw.bands} bands; a UDM2 has {len(UDM2_BANDS)} and a place: copy it "
                "again"
            )
        mask = Placed(raw.path, UDM2_BANDS, raw.place, grid, -1.0, is_codes=True)
        self._lay(Classified(mask), self.folder / SCL_FILE, "scl", "uint8")
        self.steps.append("usable data mask (UDM2) as classification; light haze counts as seen")
        return True

    def _sun(self) -> tuple[float, float]:
        """(azimuth, elevation) of the sun: as stated, where that can be true."""
        middle = self.acquisition.footprint.centroid
        azimuth, elevation = sun_position(self.acquisition.acquired, middle.x, middle.y)
        stated = (self.facts.sun_azimuth, self.facts.sun_elevation)
        if stated[0] is None or stated[1] is None:
            return azimuth, elevation
        aside = abs((stated[0] - azimuth + 180) % 360 - 180)
        if max(aside, abs(stated[1] - elevation)) <= _SUN_APART_DEG:
            return stated[0], stated[1]
        line = (
            f"stated sun {stated[0]:.1f}, {stated[1]:.1f} cannot be; by time and place it is "
            f"{azimuth:.1f}, {elevation:.1f}"
        )
        if line not in self.steps:
            self.steps.append(line)
        return azimuth, elevation

    def _properties(self, scaling: Scaling | None) -> dict[str, Any]:
        named, (azimuth, elevation) = self.bundle.colour[0].named, self._sun()
        meaning = "digital numbers"
        if scaling is not None:
            surface = "surface reflectance"
            meaning = surface if scaling.is_surface else "top-of-atmosphere reflectance"
        found: dict[str, Any] = {
            "platform": self.acquisition.platform,
            "instruments": [named.sensor.partition("-")[2].lower() or named.sensor.lower()],
            "view:sun_azimuth": round(azimuth, 2),
            "view:sun_elevation": round(elevation, 2),
            "hongxian:meaning": meaning,
        }
        if named.level:
            found["processing:level"] = named.level
        if self.lean is not None:
            found["view:incidence_angle"] = round(degrees(atan(self.lean)), 2)
        elif self.facts.off_nadir is not None:
            found["view:off_nadir"] = abs(self.facts.off_nadir)
        if self.facts.cloud_share is not None:
            found["eo:cloud_cover"] = round(100 * self.facts.cloud_share, 1)
        return found


@dataclass(frozen=True, slots=True)
class _Moved:
    """An image, and by how many metres (east, north) it was moved to where it is."""

    image: Ortho | Placed
    by: tuple[float, float] = (0.0, 0.0)


def _is_placed(raw: RawFacts, level: str) -> bool:
    """Whether an image lies on the ground: level 1 does not, whatever it claims."""
    return raw.place is not None and not level.startswith(("L1", "1"))


def _no_rpc(image: Image) -> InputError:
    return InputError(
        f"{image.entry.key}: level {image.named.level or 'unknown'} without RPC: it cannot be put "
        "on the ground; hand over its .rpb (or _RPC.TXT) beside it, or a corrected product"
    )
