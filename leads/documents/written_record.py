"""What a file of leads says of the run or runs they come from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from leads.domain.run_record import RunRecord


class WrittenRecord(Protocol):
    """As much of a run as a file of leads carries."""

    @property
    def run_id(self) -> str:
        """Fingerprint of the run."""

    @property
    def text(self) -> str:
        """The record as one line of JSON."""

    @property
    def layers(self) -> Sequence[Mapping[str, Any]]:
        """Kind, edition and dates of each layer crossed with."""

    @property
    def last_day(self) -> date:
        """Day of the latest image."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """The record of leads that are read back from a store."""

    run_id: str
    """The run's id; of several runs their ids, joined with commas."""
    text: str
    """The record as one line of JSON; of several runs an object by run id."""
    layers: tuple[Mapping[str, Any], ...]
    """Layers of all the runs, each once."""
    last_day: date
    """Day of the latest image."""


def stored_record(records: Mapping[str, Mapping[str, Any]], last_day: date) -> StoredRecord:
    """One record for the runs of some leads, from run id -> `RunRecord.as_json`."""
    ids = sorted(records)
    layers = {
        (layer["kind"], layer["edition"]): layer for one in ids for layer in records[one]["layers"]
    }
    whole = records[ids[0]] if len(ids) == 1 else {one: records[one] for one in ids}
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
    return StoredRecord(",".join(ids), text, tuple(layers[key] for key in sorted(layers)), last_day)


_of_a_run: type[WrittenRecord] = RunRecord
_of_a_store: type[WrittenRecord] = StoredRecord
