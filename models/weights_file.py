"""Weights on disk: a safetensors file whose header carries what a detector must know of them.

The header is read without torch. Never a pickle, never a hub: a file says what it is, and its
checksum says which.
"""

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import sha256
from math import isfinite
from pathlib import Path

from geo.errors import InputError

_MAX_HEADER = 1 << 20
_MAX_FILE = 1 << 30
_NOT_OURS = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Card:
    """What a weights file says of itself."""

    name: str
    """Of the detector."""
    network: str = "plain_siamese"
    """One of `models.training.peers.NETWORKS`."""
    vector_weight: float = 0.0
    """Weight of the change vector's log-odds beside the network's logit."""
    slope: float = 1.0
    """Calibrated logit = slope * weighted sum + intercept; fitted on tiles kept for it."""
    intercept: float = 0.0
    """Places the working threshold at a probability of one half."""
    knots: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 1.0))
    """Mean probability of a candidate, rising, and the share of such candidates that are true."""
    trained_on: tuple[str, ...] = ()
    """Names of the sources."""
    visits: int = 0
    """Crops seen in training, that of the parents included."""
    cpu_seconds: float = 0.0
    """Processor time of the training, crops and parents included."""
    parents: tuple[str, ...] = field(default=())
    """Checksum of the weights that the training began with."""

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and isinstance(self.network, str) and self.knots):
            raise InputError(f"weights {self.name!r} of {self.network!r}: no name, or no knots")
        numbers = (self.vector_weight, self.slope, self.intercept)
        inside = all(0 <= share <= 1 for knot in self.knots for share in knot)
        rising = all(
            a < b and p <= q for (a, p), (b, q) in zip(self.knots, self.knots[1:], strict=False)
        )
        sound = all(map(isfinite, numbers)) and self.slope > 0 <= self.vector_weight
        if not (sound and inside and rising):
            raise InputError(
                f"weights {self.name!r}: calibration must rise, got slope {self.slope}, vector "
                f"weight {self.vector_weight}, knots {self.knots}"
            )


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A weights file that was looked at."""

    path: Path
    """Where it is."""
    sha256: str
    """Checksum of the whole file."""
    card: Card
    """What it says of itself."""


def open_weights(path: Path) -> WeightsFile:
    """Look at a weights file. Raises InputError when it is none of ours."""
    try:
        about = path.stat()
        if about.st_size > _MAX_FILE:
            raise InputError(f"{path}: larger than {_MAX_FILE >> 20} MiB, no weights of ours")
        return _opened(path, about.st_mtime_ns, about.st_size)
    except _NOT_OURS as error:
        raise InputError(
            f"{path}: no weights file of `hongxian train` ({type(error).__name__}: {error})"
        ) from None


@lru_cache(maxsize=16)
def _opened(path: Path, _changed_ns: int, length: int) -> WeightsFile:
    """As `open_weights`, once for each time that the file was written."""
    data = path.read_bytes()
    size = min(int.from_bytes(data[:8], "little"), _MAX_HEADER)
    header = json.loads(data[8 : 8 + size])
    card = card_of(json.loads(header.pop("__metadata__")["card"]))
    if 8 + size + max(row["data_offsets"][1] for row in header.values()) != length:
        raise ValueError("cut short, or more than its header says")
    return WeightsFile(path, sha256(data).hexdigest(), card)


def card_of(table: dict[str, object]) -> Card:
    """A card from its JSON values."""
    values = {key: tuple(map(_frozen, v)) if isinstance(v, list) else v for key, v in table.items()}
    return Card(**values)  # type: ignore[arg-type]


def card_json(card: Card) -> str:
    """A card as JSON, keys in order."""
    return json.dumps(asdict(card), sort_keys=True)


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
