"""RunRecord: what a run was made of, enough to do it again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any

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

    def as_json(self) -> dict[str, Any]:
        """The record as JSON values.

        The same run gives the same values on one kind of processor with one set of libraries: fits
        are floats whose last digits follow those.
        """
        return {
            "before": _scene_json(self.before),
            "after": _scene_json(self.after),
            "fit": asdict(self.fit),
            "plan": _plan_json(self.plan),
            "coefficients": dict(self.coefficients),
            "layers": [dict(layer) for layer in self.layers],
            "code_version": self.code_version,
        }

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


def _scene_json(scene: Scene) -> dict[str, Any]:
    return {
        "date": scene.date.isoformat(),
        "sha256": scene.sha256,
        "bands": list(scene.band_names),
        "scl": scene.scl is not None,
    }


def _plan_json(plan: Plan) -> dict[str, Any]:
    grid = plan.grid
    fields = {name: getattr(plan, name) for name in plan.__slots__ if name != "grid"}
    fields["bands"] = list(plan.bands)
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
