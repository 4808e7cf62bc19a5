"""A training as a TOML file: every number that shapes the weights, with what it is."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from geo.errors import InputError


@dataclass(frozen=True, slots=True)
class Source:
    """Where some of the crops come from, and what is done to them."""

    name: str
    """For people."""
    kind: str
    """`pairs`, `sentinel2`, `ground`, `singles` or `verdicts`: see `models.training.bank`."""
    share: float
    """Share of all crops, relative to the other sources'."""
    gsd_m: float = 2.5
    """Metres per pixel of the source's images."""
    path: str = ""
    """Folder or file below the data folder."""
    columns_out: tuple[int, ...] = ()
    """Tiles named COLUMN_ROW in these columns are never loaded."""
    first: int = 0
    """First synthetic ground."""
    count: int = 0
    """Synthetic grounds."""
    dumps: float = 0.0
    """Share of crops that dumps are composited onto."""
    land: float = 0.0
    """Share of crops whose land cover is changed in places."""
    labels: bool = True
    """False: the source's own changes are not learnt from, only what is pasted."""
    held_out: float = 0.0
    """`verdicts`: share of the blocks of ground that are not learnt from, for the gate."""
    away_from: tuple[str, ...] = ()
    """`verdicts`: folders {A,B,label} below the data folder, whose ground is not learnt from."""

    def __post_init__(self) -> None:
        if not 0 <= self.held_out < 1:
            raise InputError(f"source {self.name!r}: held_out {self.held_out}, needs 0 to below 1")
        if self.share <= 0 or self.gsd_m <= 0 or not 0 <= self.dumps + self.land <= 1:
            raise InputError(
                f"source {self.name!r}: share {self.share}, gsd_m {self.gsd_m}, dumps {self.dumps}"
                f", land {self.land}; shares must be positive, dumps + land at most 1"
            )


@dataclass(frozen=True, slots=True)
class Gate:
    """What a training has to win before its weights may become the default.

    A set is a folder {A,B,label} below the data folder, `made:ground`, `made:dumps`, or `verdicts`:
    the ground that the sources of that kind hold out.
    """

    target: str
    """The set on which F1 must rise."""
    sets: tuple[str, ...] = ()
    """Further sets, on which it must not fall."""
    margin: float = 0.0
    """The target's F1 must rise by more than this, at the lower end of the 95 % interval."""
    tolerance: float = 0.02
    """No other set's F1 may fall by more than this, at the upper end of the interval."""
    least: int = 8
    """Pairs, or blocks of ground, that the target needs: fewer show no spread."""
    km2: float = 42.0
    """Ground of a made-up set."""
    first_ground: int = 20_000
    """Number of its first ground: not those that `hongxian evaluate` begins with."""
    gsd_m: float = 1.0
    """Metres per pixel of folders' images without a position of their own."""

    def __post_init__(self) -> None:
        if self.margin < 0 or self.tolerance < 0 or self.least < 2:
            raise InputError(
                f"gate: margin {self.margin}, tolerance {self.tolerance}, least {self.least}; "
                "needs 0 or more, 0 or more, 2 or more"
            )
        if len({self.target, *self.sets}) != 1 + len(self.sets):
            raise InputError(
                f"gate: a set comes twice in {(self.target, *self.sets)}; name it once"
            )


@dataclass(frozen=True, slots=True)
class Config:
    """One training."""

    name: str
    """Names the weights file."""
    network: str = "plain_siamese"
    """One of `models.training.peers.NETWORKS`."""
    widths: tuple[int, ...] = ()
    """Channels of `plain_siamese` at its four levels; empty: its own, or those of `start`."""
    seed: int = 1
    """Decides first weights and every crop."""
    steps: int = 10_000
    """Optimiser steps."""
    stop_at: int = 0
    """Steps after which to end early, for another stage to go on from; 0: at the end."""
    batch: int = 16
    """Crops per step."""
    crop_px: int = 128
    """Edge of a crop."""
    learning_rate: float = 2e-3
    """Highest rate; rises over `warmup` steps, then falls along a cosine to 1 %."""
    warmup: int = 200
    """Steps."""
    weight_decay: float = 0.01
    """Of AdamW."""
    averaging: float = 0.998
    """Decay per step of the running average of the weights, which is what is kept."""
    class_weight: float = 0.2
    """Weight of the class loss beside the change loss."""
    precision: str = "bfloat16"
    """`bfloat16` autocast or `float32`."""
    checkpoint_steps: int = 250
    """Steps between checkpoints."""
    workers: int = 0
    """Processes that make crops; 0: this one."""
    start: str = ""
    """Weights to begin with, a file or `siamese` for the default in use; empty: from scratch."""
    sources: tuple[Source, ...] = field(default=())
    """Where the crops come from."""
    tuning_columns: tuple[int, ...] = ()
    """Columns of labelled tiles that the result is calibrated on; no source may load them."""
    real_heaps: tuple[str, ...] = ()
    """Folders {image,mask} below the data folder whose sites are pasted as heaps."""
    gate: Gate | None = field(default=None, compare=False)
    """What the result has to win to become the default; it shapes no weights."""

    @property
    def last(self) -> int:
        """Steps that are taken."""
        return min(self.steps, self.stop_at or self.steps)

    def __post_init__(self) -> None:
        if not self.sources:
            raise InputError(f"training {self.name!r} has no [[source]]")
        if self.widths and (len(self.widths) != 4 or min(self.widths) < 1):
            raise InputError(
                f"training {self.name!r}: widths {self.widths}, needs four of 1 or more"
            )
        for source in self.sources:
            seen = set(self.tuning_columns) - set(source.columns_out)
            if seen and source.kind in ("pairs", "sentinel2"):
                raise InputError(
                    f"source {source.name!r} loads columns {sorted(seen)}, which are kept for "
                    "tuning; add them to its columns_out"
                )
        if self.precision not in ("bfloat16", "float32"):
            raise InputError(
                f"training {self.name!r}: precision {self.precision!r}, needs bfloat16 or float32"
            )
        if self.steps < 1 or self.batch < 1 or self.crop_px % 16:
            raise InputError(
                f"training {self.name!r}: {self.steps} steps of {self.batch} crops of "
                f"{self.crop_px} px; needs 1 or more, and an edge that is a multiple of 16"
            )


def read_config(path: Path) -> Config:
    """Read a TOML file. Raises InputError, naming the key, for what cannot be used."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as TOML ({error})") from None
    sources = table.pop("source", [])
    return config_of({**table, "sources": sources}, path)


def config_of(table: Mapping[str, Any], path: Path) -> Config:
    """A configuration from its values, sources and gate as tables; `path` is where they stand."""
    sources = tuple(_made(Source, row, path) for row in table["sources"])
    gate = table.get("gate")
    parts = {"sources": sources, "gate": None if gate is None else _made(Gate, gate, path)}
    config: Config = _made(Config, {**table, **parts}, path)
    return config


def _made(kind: type[Any], table: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401 (one of three)
    known = {one.name for one in fields(kind)}
    unknown = sorted(set(table) - known)
    if unknown:
        raise InputError(f"{path}: {kind.__name__.lower()} has no {', '.join(unknown)}")
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise InputError(f"{path}: {error}") from None
