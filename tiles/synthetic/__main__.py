"""Write the sample set or a small flight, or measure how believable the synthetic ground is.

python -m tiles.synthetic data_samples [--seed N]
python -m tiles.synthetic flight FOLDER [--seed N]
python -m tiles.synthetic believable REAL_FOLDER
"""

from pathlib import Path

import click

from tiles.synthetic.believable import WINDOWS_PX, Likeness, compare
from tiles.synthetic.flight import made_flight
from tiles.synthetic.ground import make_ground
from tiles.synthetic.pictures import real_pictures, synthetic_pictures
from tiles.synthetic.sample import SEED, SIZE_M, write_sample

_BELIEVABLE = "believable"
_FLIGHT = "flight"
_SEEDS = (5, 9, 14)
_EVERY = 4  # of the real pictures; all of them change the figures by less than 0.01


@click.command()
@click.argument("target")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--seed", default=SEED, show_default=True, help="Seed of the sample's ground.")
def main(target: str, folder: Path | None, seed: int) -> None:
    """Write the sample set into TARGET.

    Where TARGET is `flight`, write a small flight's photos into FOLDER and their truth beside it;
    where it is `believable`, compare with the real pictures in FOLDER.
    """
    if target in {_BELIEVABLE, _FLIGHT} and folder is None:
        raise click.UsageError(f"{target} needs a folder: give one after it")
    if target == _BELIEVABLE and folder is not None:
        _report(compare(real_pictures(folder, _EVERY), synthetic_pictures(_SEEDS)))
        return
    if target == _FLIGHT and folder is not None:
        _, flown = made_flight(folder, make_ground(seed, SIZE_M))
        click.echo(f"{len(flown.frames)} photos in {folder}, truth in {flown.truth_path}")
        return
    for path in write_sample(Path(target), seed):
        click.echo(f"{path.stat().st_size:>9} {path}")


def _report(likeness: Likeness) -> None:
    click.echo(f"spectrum slope     real {likeness.slope_real:.3f}")
    click.echo(f"spectrum slope     synthetic {likeness.slope_synthetic:.3f}")
    click.echo(f"spectrum distance  {likeness.spectrum_db:.2f} dB")
    for window, distance in zip(WINDOWS_PX, likeness.contrast_distance, strict=True):
        click.echo(f"contrast distance  {distance:.4f} ({window} px)")
    click.echo(f"contrast distance  {likeness.contrast_spread:.4f} (real against real, 8 px)")


if __name__ == "__main__":
    main()
