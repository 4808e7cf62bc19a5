"""`hongxian passes coverage`: when each hectare was last seen clear."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from api.cli.options import json_option, print_json
from api.cli.store import echo_table, now, open_store
from geo.errors import InputError, NotFoundError
from leads.documents.coverage_map import coverage_png, write_coverage
from leads.documents.whole_file import check_place, written_whole
from leads.intake.coverage import Coverage, ages_of, step_names
from leads.intake.district_coverage import District, coverages
from leads.store.engine import reading
from leads.store.spot_codes import CHINA

SUFFIXES = (".tif", ".png")


@click.command()
@click.argument("district", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the map of the DISTRICT: days as GeoTIFF (.tif), or a picture (.png).",
)
@json_option
def coverage(district: str | None, out: Path | None, as_json: bool) -> None:  # noqa: FBT001
    """Tell when the hectares of each district, or of the DISTRICT of that code, were last seen.

    A hectare counts as seen where nine tenths of it were clear on a fetched pass, run or not.
    """
    if out is not None:
        _check_out(out, district)
    today = now().astimezone(CHINA).date()
    with open_store() as store, reading(store) as connection:
        found = list(coverages(connection, today, district))
    if not found:
        which = "no district is" if district is None else f"no district {district} is"
        raise NotFoundError(f"{which} in force: `hongxian layers add` a layer of districts")
    if out is not None:
        _write(found[0][1], today, out)
    told = [_told(*one, today) for one in found]
    if as_json:
        print_json({"today": today.isoformat(), "districts": told})
    else:
        heads = ("district", "name", "ha", *step_names(), "median", "latest")
        echo_table([heads, *(tuple(one.values()) for one in told)])


def _check_out(out: Path, district: str | None) -> None:
    if out.suffix not in SUFFIXES:
        raise InputError(f"{out}: give a name that ends in {' or '.join(SUFFIXES)}")
    if district is None:
        raise InputError("--out writes one district's map: name the DISTRICT by its code")
    check_place(out)


def _write(found: Coverage, today: date, out: Path) -> None:
    if out.suffix == ".tif":
        write_coverage(found, today, out)
        return
    with written_whole(out) as draft:
        draft.write_bytes(coverage_png(found, today))


def _told(district: District, found: Coverage, today: date) -> dict[str, Any]:
    ages = ages_of(found, today)
    return {
        "district_code": district.code,
        "district_name": district.name,
        "hectares": ages.hectares,
        **dict(zip(step_names(), ages.steps, strict=True)),
        "median_days": ages.median_days,
        "latest": None if ages.latest is None else ages.latest.isoformat(),
    }
