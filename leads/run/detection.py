"""Detection: what came of a request, and the last steps to it, from patches to leads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shapely import MultiPolygon

from geo.candidate import Candidate
from geo.dissolve import candidates_of, dissolve
from geo.vectorise import Patch
from geo.zone import ZoneKind, ZoneLayer
from leads.custody.canonical import canonical_json
from leads.domain.flight_answer import SeenPart
from leads.domain.held import HeldLook
from leads.domain.lead import Lead
from leads.domain.run_record import RunRecord
from leads.domain.run_summary import RunSummary
from leads.run.by_radar import radar_ground, radar_notes
from leads.run.by_water import parted, water_notes, with_shore
from leads.run.crossing import (
    ASSUMED_COREGISTRATION_PX,
    leads_of,
    position_error_m,
    stored_outlines,
)
from leads.run.kept_layers import KeptLayers, RecordedLayer, recorded
from leads.run.last_seen import last_seen
from leads.run.look_again import look_again
from leads.run.prepared import Prepared
from leads.run.runner import Runner
from leads.run.seen_parts import seen_parts
from leads.version import VERSION
from tiles.reading.read import PairReader
from tiles.scene_fit import SceneFit


@dataclass(frozen=True, slots=True)
class Detection:
    """What came of a request."""

    leads: tuple[Lead, ...]
    """In the order of their places on the grid, north to south."""
    record: RunRecord
    """What the run was made of."""
    summary: RunSummary
    """How much was seen and how long it took."""
    layers: tuple[ZoneLayer, ...]
    """The layers in force between the dates, as in `record.layers`."""
    reader: PairReader
    """Reads both scenes onto the working grid, for pictures."""
    held: tuple[Lead, ...] = ()
    """Changes amid water that may be ships: they wait for another date."""
    looks: tuple[HeldLook, ...] = ()
    """What the later image shows where other runs held something."""
    ground: MultiPolygon | None = None
    """Of a radar run, ground that it saw wholly on both dates, EPSG:4490."""
    parts: tuple[SeenPart, ...] = ()
    """The tiles that were looked at, with how much of each was seen."""


@dataclass(slots=True)
class Swept:
    """What all tiles together gave; the patches are let go once they are candidates."""

    patches: list[Patch]
    """Patches of all tiles, cut at their seams."""
    observed_pixels: int = 0
    """Pixels seen on both dates."""
    detector_cpu_seconds: float = 0.0
    """Processor time inside the detector."""
    set_aside: tuple[int, ...] = ()
    """Numbers of the tiles that could not be looked at."""
    water_pixels: int = 0
    """Pixels of change that were water on both dates, and so none."""
    observed: dict[int, int] = field(default_factory=dict)
    """Index of a tile -> its pixels seen on both dates."""

    def candidates(self, prepared: Prepared) -> list[Candidate]:
        """Patches joined over seams and large enough, scored."""
        plan = prepared.planned.plan
        joined = dissolve(self.patches)
        self.patches.clear()
        calibrated = prepared.planned.detector.calibrated
        return candidates_of(joined, plan.grid, plan.min_area_m2, plan.min_pixels, calibrated)


def finish(
    prepared: Prepared,
    swept: Swept,
    kept: KeptLayers,
    runner: Runner,
    seconds: Callable[[], float],
) -> Detection:
    """From what the tiles gave to leads: dissolve, cross with the layers in force, record.

    What other runs held is looked at again. A composite's days are read in a process of the runner.
    `seconds` tells the time spent on the run so far; leads outside the run's district are left out.
    """
    planned, reader = prepared.planned, prepared.planned.reader
    before, after = reader.before, reader.after
    candidates = swept.candidates(prepared)
    days = before.first_day, after.date
    own = recorded(in_force(planned.loaded.layers, *days))
    scope = planned.scope
    if scope is not None and planned.request.layers and not _has_districts(own):
        own += recorded(kept.districts(*days))
    outlines = stored_outlines(candidates)
    reach_m = position_error_m(prepared.fit, planned.plan)
    crossed = (*own, *kept.near(*days, outlines, reach_m))
    described = sorted((one.record for one in crossed), key=canonical_json)  # whatever the order
    record = _record(prepared, described, swept.set_aside)
    layers = _in_order(crossed, described)
    found = leads_of(candidates, outlines, layers, record, last_seen(candidates, prepared, runner))
    found = with_shore(found, candidates, planned.tides, (before.instants, after.acquired))
    if scope is not None:
        found = tuple(lead for lead in found if lead.district_code == scope.code)
    (leads, held), looks = parted(found), look_again(prepared, kept, runner)
    notes = (
        *planned.loaded.notes,
        *_notes(leads, layers, prepared.fit, swept.set_aside),
        *water_notes(leads, held, swept.water_pixels),
        *radar_notes(planned.plan),
    )
    summary = RunSummary(
        pixels=planned.pixels,
        valid_pixels=swept.observed_pixels,
        candidates=len(candidates),
        leads=len(leads),
        seconds=(spent := seconds()),
        megapixels_per_second=planned.pixels / 1e6 / spent,
        detector_cpu_seconds=swept.detector_cpu_seconds,
        notes=notes,
    )
    seen = (planned.plan, planned.tiles, swept.observed)
    grounds = radar_ground(*seen), seen_parts(*seen)
    return Detection(leads, record, summary, layers, reader, held, looks, *grounds)


def _record(
    prepared: Prepared, layers: Sequence[Mapping[str, Any]], set_aside: tuple[int, ...]
) -> RunRecord:
    """What the run was made of."""
    planned = prepared.planned
    before, after = planned.reader.before, planned.reader.after
    return RunRecord(
        before,
        after,
        prepared.fit,
        planned.plan,
        prepared.fitted.coefficients,
        tuple(layers),
        VERSION,
        planned.scope.record if planned.scope else None,
        set_aside,
        prepared.water,
        None if planned.tides is None else planned.tides.record(before.acquired, after.acquired),
    )


def in_force(layers: Sequence[ZoneLayer], before: date, after: date) -> tuple[ZoneLayer, ...]:
    """The layers whose edition held on a day the change may have happened."""
    return tuple(layer for layer in layers if layer.edition.in_force_within(before, after))


def _in_order(crossed: Sequence[RecordedLayer], records: Sequence[object]) -> tuple[ZoneLayer, ...]:
    """The layers in the order of their records."""
    ranks = {id(record): rank for rank, record in enumerate(records)}
    return tuple(one.layer for one in sorted(crossed, key=lambda one: ranks[id(one.record)]))


def _has_districts(layers: Sequence[RecordedLayer]) -> bool:
    return any(one.layer.kind is ZoneKind.DISTRICT for one in layers)


def _notes(
    leads: Sequence[Lead],
    layers: Sequence[ZoneLayer],
    fit: SceneFit,
    set_aside: Sequence[int],
) -> Iterator[str]:
    """What was assumed or could not be checked."""
    if set_aside:
        yield f"{len(set_aside)} 个影像块无法处理，已搁置 / tiles set aside: nothing is known there"
    if fit.coregistration_px is None:
        yield (
            f"两期影像的相对位置误差无法测定，重叠范围按 {ASSUMED_COREGISTRATION_PX:g} 像元假定 / "
            "position error not measurable: assumed for the overlap ranges"
        )
    if not any(layer.kind is ZoneKind.DISTRICT for layer in layers):
        yield "未提供行政区图层，线索不带行政区 / no district layer: leads carry no district"
        return
    outside = sum(lead.district_code is None for lead in leads)
    if outside:
        yield (
            f"{outside}/{len(leads)} 条线索位于所有行政区之外，行政区为空 / "
            "leads outside all districts: their district is null"
        )
