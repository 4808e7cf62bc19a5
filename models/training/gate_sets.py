"""The sets of a gate, none of which the training may have seen."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from geo.errors import InputError
from models.evaluation.case import Case
from models.evaluation.evaluate import folder_sources
from models.evaluation.folder import LabelledFiles, labelled_files
from models.evaluation.made_dumps import dump_sources
from models.evaluation.made_ground import ground_sources
from models.training.config import Config, Gate, Source
from models.training.gate import GateSet
from models.training.verdicts import ground_of, held_out_of, learnt_from, touching

VERDICTS = "verdicts"
"""Kind of a source, and name of the set of what such sources hold out."""
MADE = {"made:ground": ground_sources, "made:dumps": dump_sources}
"""Sets of synthetic ground, by name."""


def gate_sets(config: Config, gate: Gate, data: Path) -> tuple[GateSet, ...]:
    """The sets that a gate names, the target first.

    Raises InputError for a set that does not exist, that is empty, or that the training sees.
    """
    _check_each_export_once(config, data)
    return tuple(_gate_set(name, config, gate, data) for name in (gate.target, *gate.sets))


def _gate_set(name: str, config: Config, gate: Gate, data: Path) -> GateSet:
    if name == VERDICTS:
        return _held_out(config, data)
    if name in MADE:
        made = MADE[name](gate.km2, gate.first_ground)
        return _apart(name, made)
    if name.startswith("made:"):
        raise InputError(f"gate: no set {name!r}; there are {', '.join(MADE)}, {VERDICTS}, folders")
    check_apart(data / name, config, data)
    return _apart(name, folder_sources(data / name, gate.gsd_m))


def _apart(name: str, sources: Sequence[Callable[[], Case]]) -> GateSet:
    return GateSet(name, tuple(sources), tuple(f"{n}" for n in range(len(sources))))


def _held_out(config: Config, data: Path) -> GateSet:
    """What the sources of verdicts hold out, drawn together by block of ground."""
    ours = [source for source in config.sources if source.kind == VERDICTS]
    cases = [case for source in ours for case in held_out_of(source, data)]
    if not cases:
        raise InputError(
            "gate: no verdict is held out; give the source of verdicts a held_out share, "
            "or gather verdicts from more places"
        )
    return GateSet(VERDICTS, tuple(cases), tuple(case.block for case in cases))


def check_apart(folder: Path, config: Config, data: Path) -> None:
    """Refuse a folder of the gate that the training sees: as a folder, a file, a lead or ground."""
    files = labelled_files(folder)
    for source in config.sources:
        if source.kind not in ("pairs", VERDICTS):
            continue
        path = data / source.path
        if _is_within(folder, path) or _is_within(path, folder):
            raise InputError(f"gate: {folder} is what source {source.name!r} trains on")
        shared = shared_images(files, labelled_files(path))
        if shared:
            raise InputError(
                f"gate: {len(shared)} images of {folder} are in {path} too, first "
                f"{shared[0].name}; keep the two apart"
            )
        if source.kind == VERDICTS:
            _check_places_apart(folder, files, source, data)


def shared_images(files: Iterable[LabelledFiles], others: Iterable[LabelledFiles]) -> list[Path]:
    """Before and after images of `files` whose content is among those of `others` as well."""
    theirs: dict[int, list[Path]] = {}
    for path in _images(others):
        theirs.setdefault(path.stat().st_size, []).append(path)
    return [
        path
        for path in _images(files)
        if any(_digest(path) == _digest(twin) for twin in theirs.get(path.stat().st_size, []))
    ]


def _check_places_apart(
    folder: Path, files: list[LabelledFiles], source: Source, data: Path
) -> None:
    learnt = learnt_from(source, data)
    stems = {case.files.label.stem for case in learnt} & {one.label.stem for one in files}
    if stems:
        raise InputError(
            f"gate: {folder} holds {len(stems)} leads that source {source.name!r} trains on, first "
            f"{min(stems)}; keep the two apart"
        )
    hit, _ = touching(learnt, ground_of(files))
    if hit:
        raise InputError(
            f"gate: {len(hit)} verdicts of source {source.name!r} lie on the ground of {folder}; "
            "name it in the source's away_from"
        )


def _check_each_export_once(config: Config, data: Path) -> None:
    """Refuse two sources of verdicts that share leads: they would count twice."""
    seen: dict[str, str] = {}
    for source in config.sources:
        if source.kind == VERDICTS:
            for one in labelled_files(data / source.path):
                other = seen.setdefault(one.label.stem, source.name)
                if other != source.name:
                    raise InputError(
                        f"lead {one.label.stem} is in the sources {other!r} and {source.name!r}; "
                        "name the newer export alone"
                    )


def _images(files: Iterable[LabelledFiles]) -> Iterator[Path]:
    for one in files:
        yield from (one.before, one.after)


def _digest(path: Path) -> bytes:
    return sha256(path.read_bytes()).digest()


def _is_within(inner: Path, outer: Path) -> bool:
    return inner.resolve().is_relative_to(outer.resolve())
