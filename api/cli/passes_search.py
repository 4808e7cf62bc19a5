"""`hongxian passes search`: what a source has, what it takes, what the ledger says of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from api.cli.options import Day, json_option, print_json
from api.cli.passes_config import config_option, configured, watches_of
from api.cli.store import echo_table, now, open_store
from geo.errors import InputError, NotFoundError
from leads.domain.passes import PassState
from leads.intake.budget import units_left
from leads.intake.config import Config, area_of
from leads.intake.ledger import sensings, verdicts
from leads.intake.look import origin_of, refusals
from leads.intake.open_sources import open_source
from leads.intake.twins import Verdict
from leads.intake.watch_spec import WatchSpec
from leads.intake.windows import Window, next_window
from leads.store.engine import reading
from leads.store.passes import pass_id_of
from leads.store.spot_codes import CHINA
from leads.store.watches import watch_row
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import Ask, Cost, Refusing, Source

AD_HOC = "search"
"""Stands for the watch where none is named; the ledger knows none of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One acquisition a source has."""

    acquisition: Acquisition
    """As the source offers it."""
    state: PassState | None
    """Where it is in the ledger; None: not there."""
    would_be: PassState
    """What a look would make of it."""
    reason: str | None
    """Why."""
    cost: Cost | None
    """What fetching it takes; None: it would not be fetched."""


@click.command()
@click.argument("watch", metavar="[WATCH]", required=False)
@click.option("--source", help="A source of the configuration, without a watch.")
@click.option("--area", help="District code, vector file, or west,south,east,north in degrees.")
@click.option("--from", "day_from", type=Day(), help="First day of acquisition, Shanghai time.")
@click.option("--to", "day_to", type=Day(), help="Last day of acquisition.")
@config_option
@json_option
def search(
    watch: str | None,
    source: str | None,
    area: str | None,
    day_from: date | None,
    day_to: date | None,
    config: Path | None,
    as_json: bool,  # noqa: FBT001 (click hands flags over as booleans)
) -> None:
    """Tell what a source has: of a WATCH, or of a --source and --area.

    Without --from and --to of what the next look would ask for, or of the last 30 days. Nothing is
    fetched, spent or changed.
    """
    asked = configured(config)
    with open_store() as store:
        if watch is not None and source is None and area is None:
            spec, opened = watches_of(store, asked, (watch,))[0]
        elif watch is None and source is not None and area is not None:
            with reading(store) as connection:
                spec = _ad_hoc(asked, source, area, connection)
            opened = open_source(spec.source)
        else:
            raise InputError("name a WATCH, or give --source and --area")
        with reading(store) as connection:
            window = _window(connection, spec, day_from, day_to)
        offered = list(opened.search(Ask(spec.area, window.start, window.end)))
        refused, waiting = refusals(opened), _still_written(opened)
        with reading(store) as connection:
            found = _told(connection, spec, opened, offered)
            left = units_left(connection, spec.source, now())
    if as_json:
        told = {"refused": refused, "waiting": waiting}
        print_json({**_report(spec, window, found, left), **told})
    else:
        _show(spec, window, found, left)
        for one in refused:
            click.echo(f"refused: {one}", err=True)
        for one in waiting:
            click.echo(f"waiting: {one}", err=True)


def _still_written(source: Source) -> tuple[str, ...]:
    """What lies at a source and is taken later, each with the reason."""
    if not isinstance(source, Refusing):
        return ()
    return tuple(f"{one.where}: {one.why}" for one in source.waiting())


def _ad_hoc(config: Config, source: str, area: str, connection: Connection) -> WatchSpec:
    """A watch that is none, for a source and an area."""
    parts = area.split(",")
    try:
        where: str | tuple[float, ...] = tuple(map(float, parts)) if len(parts) == 4 else area
    except ValueError:
        where = area
    today = now().astimezone(CHINA).date()
    outline, _ = area_of(where, Path(), connection, today)
    return WatchSpec(AD_HOC, config.source(source), outline)


def _window(
    connection: Connection, spec: WatchSpec, day_from: date | None, day_to: date | None
) -> Window:
    moment = now()
    try:
        row = watch_row(connection, spec.name)
        late = timedelta(days=spec.late_days)
        window = next_window(row.anchor, origin_of(spec, row), late, moment)
    except NotFoundError:
        window = Window(moment - timedelta(days=spec.first_days), moment)
    if day_from is not None:
        window = replace(window, start=_midnight(day_from))
    if day_to is not None:
        window = replace(window, end=_midnight(day_to + timedelta(days=1)))
    return window


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def _told(
    connection: Connection, spec: WatchSpec, source: Source, offered: Sequence[Acquisition]
) -> list[Found]:
    """Each acquisition with what the ledger says and what a look would make of it."""
    known = sensings(connection, spec.name, offered)
    states = {row.pass_id: row.state for one in known for row in one.rows}
    told: dict[str, Verdict] = {}
    for one in known:
        told |= verdicts(spec, one, now())
    found = []
    for acquisition in sorted(offered, key=lambda one: (one.acquired, one.identifier)):
        pass_id = pass_id_of(spec.name, acquisition)
        verdict, state = told[pass_id], states.get(pass_id)
        waits = verdict.state is PassState.FOUND
        cost = source.cost(acquisition, spec.area) if waits else None
        why = verdict.reason or _without_orbit(acquisition)
        found.append(Found(acquisition, state, verdict.state, why, cost))
    return found


def _without_orbit(acquisition: Acquisition) -> str | None:
    """What is told of radar whose orbit is not known; None of all else."""
    if acquisition.kind is not Kind.SAR or acquisition.orbit:
        return None
    return "its orbit is not known: it is compared with nothing"


def _report(
    spec: WatchSpec, window: Window, found: Sequence[Found], left: float | None
) -> dict[str, Any]:
    return {
        "watch": None if spec.name == AD_HOC else spec.name,
        "source": spec.source.name,
        "from": window.start.isoformat(),
        "to": window.end.isoformat(),
        "passes": [_as_json(one) for one in found],
        **_sums(found),
        "units_left": left,
    }


def _as_json(one: Found) -> dict[str, Any]:
    told = one.acquisition
    return {
        "identifier": told.identifier,
        "collection": told.collection,
        "kind": told.kind.value,
        "platform": told.platform,
        "version": told.version,
        "orbit": told.orbit,
        "acquired": told.acquired.isoformat(),
        "published": None if told.published is None else told.published.isoformat(),
        "cloud_stated": told.cloud_share,
        "state": one.state,
        "would_be": one.would_be,
        "reason": one.reason,
        "units": None if one.cost is None else one.cost.units,
        "requests": None if one.cost is None else one.cost.requests,
        "bytes": None if one.cost is None else one.cost.bytes,
    }


def _sums(found: Sequence[Found]) -> dict[str, Any]:
    costs = [one.cost for one in found if one.cost is not None]
    return {
        "to_fetch": len(costs),
        "units": sum(cost.units for cost in costs),
        "requests": sum(cost.requests for cost in costs),
        "bytes": sum(cost.bytes for cost in costs),
    }


def _show(spec: WatchSpec, window: Window, found: Sequence[Found], left: float | None) -> None:
    echo_table(
        [
            (
                f"{one.acquisition.acquired:%Y-%m-%d %H:%M}",
                one.acquisition.identifier,
                _percent(one.acquisition.cloud_share),
                one.state or "new",
                "would be fetched" if one.cost is not None else one.would_be,
                None if one.cost is None else f"{one.cost.units:.1f} units",
                one.reason,
            )
            for one in found
        ]
    )
    sums = _sums(found)
    budget = "" if left is None else f", {left:.1f} left this month"
    click.echo(
        f"{spec.source.name}: {len(found)} passes of {window.start:%Y-%m-%d} to "
        f"{window.end:%Y-%m-%d}, {sums['to_fetch']} to fetch: {sums['units']:.1f} units{budget}, "
        f"{sums['requests']} requests, about {sums['bytes'] / 1e6:.0f} MB"
    )


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%} cloud"
