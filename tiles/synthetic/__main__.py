"""Write the sample set, or measure how believable the synthetic ground is.

python -m tiles.synthetic data_samples [--seed N]
python -m tiles.synthetic believable REAL_FOLDER
"""

from pathlib import Path

import click

from tiles.synthetic.believable import WINDOWS_PX, Likeness, compare
from tiles.synthetic.pictures import real_pictures, synthetic_pictures
from tiles.synthetic.sample import SEED, write_sample

_BELIEVABLE = "believable"
_SEEDS = (5, 9, 14)
_EVERY = 4  # of the real pictures; all of them change the figures by less than 0.01


@click.command()
@click.argument("target")
@click.argument("real", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--seed", default=SEED, show_default=True, help="Seed of the sample's ground.")
def main(target: str, real: Path | None, seed: int) -> None:
    """Write the sample set into TARGET; or, where TARGET is `believable`, compare with REAL."""
    if target == _BELIEVABLE:
        if real is None:
            raise click.UsageError("believable needs the folder of the real pictures")
        _report(compare(real_pictures(real, _EVERY), synthetic_pictures(_SEEDS)))
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
