"""RunRecord: what a run was made of, enough to do it again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any

from geo.water import WaterLine
from leads.domain.plan import Plan
from tiles.scene import Scene
from tiles.scene_fit import SceneFit


@dataclass(frozen=True)
class RunRecord:
    """Scenes, fit, plan, coefficients, layers and code of one run; its id is their fingerprint."""

    before: Scene
    """Earlier image."""
    after: Scene
    """Current image."""
    fit: SceneFit
    """What the survey learnt."""
    plan: Plan
    """What was fixed before the first tile."""
    coefficients: Mapping[str, Any]
    """What the detector's fit found."""
    layers: tuple[Mapping[str, Any], ...]
    """Kind, edition, dates, count and sha256 of each layer crossed with."""
    code_version: str
    """Version of this program."""
    scope: Mapping[str, Any] | None = None
    """The only district that was looked at, as JSON values; None: all that the pair shows."""
    set_aside: tuple[int, ...] = ()
    """Numbers of the tiles that could not be looked at, however often it was tried."""
    water: WaterLine | None = None
    """Where water begins on both dates; None where no band tells."""
    tide: Mapping[str, Any] | None = None
    """Checksum of the tide table, and the instants it was asked for; None without one."""

    def as_json(self) -> dict[str, Any]:
        """The record as JSON values.

        The same run gives the same values on one kind of processor with one set of libraries: fits
        are floats whose last digits follow those.
        """
        fixed = fixed_json(
            self.before,
            self.after,
            self.fit,
            self.plan,
            self.coefficients,
            self.scope,
            self.water,
        )
        values = {
            **fixed,
            "layers": [dict(layer) for layer in self.layers],
            "code_version": self.code_version,
        }
        if self.tide is not None:
            values["tide"] = dict(self.tide)
        return {**values, "set_aside": list(self.set_aside)} if self.set_aside else values

    @property
    def last_day(self) -> date:
        """Day of the later image."""
        return self.after.date

    @cached_property
    def text(self) -> str:
        """`as_json` as one line of JSON with sorted keys."""
        return json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False, default=_plain)

    @cached_property
    def run_id(self) -> str:
        """Sixteen hex digits over `text`: no clock, no path, so a rerun has the same id."""
        return sha256(self.text.encode()).hexdigest()[:16]


def fixed_json(
    before: Scene,
    after: Scene,
    fit: SceneFit,
    plan: Plan,
    coefficients: Mapping[str, Any],
    scope: Mapping[str, Any] | None,
    water: WaterLine | None,
) -> dict[str, Any]:
    """What is fixed before the first tile, as JSON values; with it every tile is settled."""
    values = {
        "before": _scene_json(before),
        "after": _scene_json(after),
        "fit": asdict(fit),
        "plan": _plan_json(plan),
        "coefficients": dict(coefficients),
    }
    if water is not None:
        values["water"] = {**asdict(water), "bands": list(water.bands)}
    return {**values, "scope": dict(scope)} if scope else values


def _scene_json(scene: Scene) -> dict[str, Any]:
    values = {
        "date": scene.date.isoformat(),
        "sha256": scene.sha256,
        "bands": list(scene.band_names),
        "scl": scene.scl is not None,
    }
    return values if scene.since is None else {**values, "since": scene.since.isoformat()}


def _plan_json(plan: Plan) -> dict[str, Any]:
    grid = plan.grid
    fields = {name: getattr(plan, name) for name in plan.__slots__ if name != "grid"}
    fields["bands"] = list(plan.bands)
    water = fields.pop("water")
    if water is not None:  # imagery of three colours keeps the ids it had
        fields["water"] = list(water)
    fields["grid"] = {
        "crs": grid.crs.to_string(),
        "transform": list(grid.transform[:6]),
        "height": grid.height,
        "width": grid.width,
    }
    return fields


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} in a run record: keep it to JSON values")
