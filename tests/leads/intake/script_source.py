"""A kind of source for the command line: scripted passes, read from a JSON file at each call.

The file holds `{"away": false, "passes": [{"day": "2023-03-23", ...}, ...]}` with the arguments of
`showing`, in `radar` those of `radar_showing`, in `hopeless` days whose pixels can never be read.
What was fetched is taken down in a file beside it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry

from geo.errors import InputError
from leads.intake import open_sources
from tests.leads.intake.made_passes import ScriptedSource, radar_showing, showing
from tiles.sources.acquisition import Acquisition
from tiles.sources.source import Ask, Cost, Fetched

KIND = "script"


@dataclass(frozen=True, slots=True)
class ScriptSpec:
    """Where the script is."""

    script: str
    units: float = 0.0


@dataclass
class Script:
    """Scripted passes as a `Source`."""

    name: str
    spec: ScriptSpec

    def search(self, ask: Ask) -> Iterator[Acquisition]:
        return self._source().search(ask)

    def cost(self, acquisition: Acquisition, area: BaseGeometry) -> Cost:
        return self._source().cost(acquisition, area)

    def fetch(
        self,
        acquisition: Acquisition,
        area: BaseGeometry,
        folder: Path,
        check: Callable[[], None],
    ) -> Fetched:
        with self.fetched.open("a") as file:
            file.write(f"{acquisition.identifier}\n")
        return self._source().fetch(acquisition, area, folder, check)

    @property
    def fetched(self) -> Path:
        return Path(self.spec.script).with_suffix(".fetched")

    def _source(self) -> ScriptedSource:
        told: dict[str, Any] = json.loads(Path(self.spec.script).read_text())
        shown = [showing(**one, source=self.name) for one in told["passes"]]
        shown += [radar_showing(**one) for one in told.get("radar", [])]
        away, faults = told.get("away", False), {}
        for one in shown:
            if one.acquisition.acquired.date().isoformat() in told.get("hopeless", []):
                faults[one.acquisition.identifier] = [InputError("a kind of file nobody can read")]
        return ScriptedSource(shown, self.name, away=away, units=self.spec.units, faults=faults)


def kinds() -> dict[str, Any]:
    """The kinds of sources, and this one."""
    mine = type(open_sources.KINDS["stac"])(__name__, "Script", __name__, "ScriptSpec")
    return {**open_sources.KINDS, KIND: mine}
