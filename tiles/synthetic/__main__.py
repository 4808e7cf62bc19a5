"""`python -m tiles.synthetic FOLDER [--seed N]` writes the sample set."""

from pathlib import Path

import click

from tiles.synthetic.sample import SEED, write_sample


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=SEED, show_default=True, help="Seed of the ground.")
def main(folder: Path, seed: int) -> None:
    """Write the synthetic sample set into FOLDER."""
    for path in write_sample(folder, seed):
        click.echo(f"{path.stat().st_size:>9} {path}")


if __name__ == "__main__":
    main()
