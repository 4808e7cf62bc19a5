"""Synthetic ground for training, rendered once and kept: pairs of every season, sensor and GSD."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from geo.errors import InputError
from geo.raster import Codes, Float
from tiles.synthetic.camera import MSI_10M, VHR_A, VHR_B, Camera
from tiles.synthetic.ground import make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.place import FIRST_DAY, LAST_DAY
from tiles.synthetic.render import render
from tiles.synthetic.truth import truth

TRAINING_SEEDS = range(100_000, 900_000)
"""Grounds that training may see; evaluation takes its seeds from 900,000 up."""
SIZES_M = {0.8: 1500.0, 1.2: 1500.0, 2.0: 1920.0, 2.5: 2100.0, 4.0: 2400.0, 10.0: 3000.0}
"""GSD of a pair, metres, and the edge of the ground it is seen on."""
CHANGES_PER_KM2, LOOKALIKES_PER_KM2 = 16.0, 14.0
"""Dense, so that few visits see many: shares are put right when a threshold is chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundPair:
    """One synthetic ground, seen twice."""

    bands: tuple[str, ...]
    """STAC common names."""
    gsd_m: float
    """Metres per pixel."""
    before: Float
    """(band, y, x), digital numbers."""
    after: Float
    """(band, y, x), digital numbers."""
    classes: Codes
    """(y, x) change class codes, 0 where nothing of interest changed."""
    lookalikes: Codes
    """(y, x) codes of what only looks like a change."""


def ground_pair(seed: int, folder: Path) -> GroundPair:
    """The pair of a seed in `TRAINING_SEEDS`, from `folder` or rendered and kept there.

    A file is written whole or not at all, so that several trainings may share a folder.
    """
    if seed not in TRAINING_SEEDS:
        raise InputError(f"ground seed {seed}: training may use {TRAINING_SEEDS} only")
    path = folder / f"ground-{seed}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = rendered(seed)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(
            part,
            bands=np.array(made.bands),
            gsd_m=made.gsd_m,
            before=made.before.astype(np.uint16),
            after=made.after.astype(np.uint16),
            classes=made.classes,
            lookalikes=made.lookalikes,
        )
        part.replace(path)
    with np.load(path) as kept:
        return GroundPair(
            tuple(kept["bands"].tolist()),
            float(kept["gsd_m"]),
            kept["before"].astype(np.float32),
            kept["after"].astype(np.float32),
            kept["classes"],
            kept["lookalikes"],
        )


def rendered(seed: int) -> GroundPair:
    """Render the pair of a seed: GSD, seasons, sensors and sky are drawn from it."""
    rng = np.random.default_rng([seed, 77])
    gsd = float(rng.choice(list(SIZES_M), p=(0.1, 0.15, 0.3, 0.25, 0.1, 0.1)))
    ground = make_ground(seed, SIZES_M[gsd], CHANGES_PER_KM2, LOOKALIKES_PER_KM2)
    moments = _moment(rng, FIRST_DAY - timedelta(days=1)), _moment(rng, LAST_DAY, later=True)
    geobox = ground.geobox(gsd)
    images = [render(ground, moment, _camera(rng, gsd), geobox) for moment in moments]
    classes, lookalikes = truth(ground, geobox, *moments)
    before, after = (image.raster for image in images)
    return GroundPair(before.bands, gsd, before.pixels, after.pixels, classes, lookalikes)


def _moment(rng: np.random.Generator, day: date, *, later: bool = False) -> Moment:
    """Up to a year before or after a day: any season, sun, tide and haze, no cloud."""
    away = timedelta(days=int(rng.integers(0, 365)))
    haze = float(rng.beta(1.2, 8.0) * 0.6)
    when = day + away if later else day - away
    return moment_of(
        when, tide_m=float(rng.uniform(0.3, 3.2)), haze=haze, seed=int(rng.integers(99))
    )


def _camera(rng: np.random.Generator, gsd: float) -> Camera:
    """A sensor of its own: gains, blur, sharpening, noise and losses drawn."""
    if gsd >= 10:
        return replace(MSI_10M, blur_px=float(rng.uniform(0.35, 0.7)))
    base = VHR_A if rng.random() < 0.5 else VHR_B
    return replace(
        base,
        gain=tuple(gain * float(rng.uniform(0.8, 1.2)) for gain in base.gain),
        blur_px=float(rng.uniform(0.4, 0.95)),
        sharpen=float(rng.uniform(0.0, 0.9)),
        noise=float(rng.uniform(0.8, 4.0)),
        jpeg_quality=(None, None, 90, 80)[int(rng.integers(4))],
    )
