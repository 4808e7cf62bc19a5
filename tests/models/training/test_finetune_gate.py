from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.raster import ChangeMap, Pair
from models.evaluation.case import Case
from models.evaluation.scores import Counts
from models.evaluation.tally import Tally, tally_of
from models.training.config import Config, Gate, Source
from models.training.gate import GateRow, GateSet, gate_row, judged, why_not
from models.training.gate_sets import gate_sets
from models.training.verdicts import BLOCK_M
from models.weights_file import WeightsFile

GATE = Gate("verdicts", ("made:ground",), tolerance=0.02, least=8)
WON = GateRow("verdicts", 20, 10, 500, 0.6, 0.5, 0.1, (0.02, 0.18))
KEPT = GateRow("made:ground", 20, 20, 500, 0.5, 0.5, 0.0, (-0.05, 0.05))


@pytest.fixture
def tallies(pair_of: Callable[..., Pair]) -> Callable[..., list[Tally]]:
    """Cases of 100 changed pixels each, of which so many are hit."""
    pair = pair_of(np.zeros((3, 8, 8)), np.ones((3, 8, 8)))
    nothing = np.zeros((8, 8), dtype=bool)
    change = ChangeMap(pair.geobox, nothing.astype(np.float32), ~nothing)
    blank = tally_of(Case("blank", pair, nothing, 1.0), change, 0.5, 50)
    return lambda hits: [
        replace(blank, counts=Counts(hit, 10, 100 - hit, 1, 1, 1, 1)) for hit in hits
    ]


def test_a_challenger_that_is_surely_better_wins() -> None:
    assert why_not(GATE, (WON, KEPT)) == ()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ((replace(WON, interval=(0.0, 0.2)), KEPT), "not won"),
        ((WON, replace(KEPT, difference=-0.1, interval=(-0.2, -0.03))), "ground is forgotten"),
        ((replace(WON, groups=7), KEPT), "7 of at least 8"),
        ((replace(WON, changed_px=0), KEPT), "0 changed pixels"),
    ],
)
def test_any_other_does_not(rows: tuple[GateRow, ...], told: str) -> None:
    (reason,) = why_not(GATE, rows)
    assert told in reason


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_wider_interval_or_margin_never_helps(low: float, wider: float, margin: float) -> None:
    def wins(at: float, gate: Gate) -> bool:
        return not why_not(gate, (replace(WON, interval=(at, 1.0)),))

    assert wins(low, GATE) >= wins(low - wider, GATE)
    assert wins(low, GATE) >= wins(low, replace(GATE, margin=margin))


def test_pairs_are_drawn_by_place(tallies: Callable[..., list[Tally]]) -> None:
    ours, theirs = tallies([80, 60, 70, 90]), tallies([60, 60, 60, 60])
    row = gate_row("verdicts", ours, theirs, ("a", "a", "b", "c"))
    assert (row.pairs, row.groups, row.changed_px) == (4, 3, 400)
    assert row.difference == pytest.approx(row.f1 - row.f1_incumbent) and row.difference > 0
    assert row.interval[0] <= row.difference <= row.interval[1]
    swapped = gate_row("verdicts", theirs, ours, ("a", "a", "b", "c"))
    assert swapped.difference == pytest.approx(-row.difference)
    assert np.allclose(swapped.interval, (-row.interval[1], -row.interval[0]))


def test_the_same_weights_never_win(tallies: Callable[..., list[Tally]]) -> None:
    same = tallies([80, 60, 70, 90])
    row = gate_row("verdicts", same, same, ("a", "b", "c", "d"))
    assert row.interval == (0.0, 0.0)
    assert why_not(replace(GATE, least=2), (row,))


class Quiet:
    """A case on which nothing changed; picklable."""

    def __init__(self, pair: Pair, label: np.ndarray) -> None:
        self.case = Case("quiet", pair, label, 2.0, label.astype(np.uint8))

    def __call__(self) -> Case:
        return self.case


@pytest.mark.slow
def test_nets_are_compared_on_the_same_cases(
    tmp_path: Path, weights: Callable[..., WeightsFile], change: Callable[..., tuple]
) -> None:
    """One net says no everywhere, the other yes: on pairs that change, yes has the higher F1."""
    yes = weights(tmp_path / "yes.safetensors", bias=99.0)
    no = weights(tmp_path / "no.safetensors", bias=-99.0)
    made = []
    for seed in range(3):
        pair, label = change(seed, 64)
        named = [replace(d, bands=("red", "green", "blue")) for d in (pair.before, pair.after)]
        made.append(Quiet(Pair(*named), label))
    unseen = [replace(d, valid=d.valid & False) for d in named]
    sets = [GateSet("dumps", (*made, Quiet(Pair(*unseen), label)), ("a", "b", "c", "d"))]
    gate, lines = Gate("dumps", least=2), []
    better = judged(gate, sets, yes, no, lines.append)
    worse = judged(gate, sets, no, yes, lines.append)
    assert better.wins and not worse.wins and lines == ["gate: dumps, 4 pairs"] * 2
    (row,) = better.rows
    assert row.pairs == 3  # in the last one nothing was seen
    assert row.by_class[0].kind == "waste_heap" and row.f1_incumbent == 0
    assert better.as_json()["wins"] is True and better.challenger == yes.sha256


@pytest.fixture
def folders(tmp_path: Path, verdict: Callable[..., None], pairs: Callable[..., Path]) -> Path:
    for number in range(8):
        verdict(tmp_path / "v", f"lead-{number}", (number * BLOCK_M + 900, 0), shape=(24, 24))
    pairs(tmp_path / "p", ("1_1", "2_1"), 16)
    return tmp_path


def config(*more: Source, held_out: float = 0.5, away: tuple[str, ...] = ()) -> Config:
    first = Source("v", "verdicts", 1.0, path="v", held_out=held_out, away_from=away)
    return Config("n", sources=(first, Source("p", "pairs", 1.0, path="p"), *more))


def test_sets_by_name_the_target_first(folders: Path, pairs: Callable[..., Path]) -> None:
    pairs(folders / "fixed", ("9_1", "9_2", "9_3"), 20)
    gate = Gate("verdicts", ("made:ground", "made:dumps", "fixed"), km2=5.0)
    sets = gate_sets(config(), gate, folders)
    assert [one.name for one in sets] == ["verdicts", "made:ground", "made:dumps", "fixed"]
    assert [len(one.sources) for one in sets[1:]] == [2, 2, 3]
    assert 0 < len(sets[0].sources) == len(sets[0].groups) < 8


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        (Gate("made:nothing"), "no set 'made:nothing'"),
        (Gate("nowhere"), "no such folder"),
        (Gate("v"), "what source 'v' trains on"),
        (Gate("p"), "what source 'p' trains on"),
        (Gate("."), "no such folder"),
    ],
)
def test_sets_that_are_none_or_trained_on_are_refused(folders: Path, gate: Gate, told: str) -> None:
    with pytest.raises(InputError, match=told):
        gate_sets(config(), gate, folders)


def test_shared_images_leads_and_ground_are_refused(
    folders: Path, verdict: Callable[..., None], pairs: Callable[..., Path]
) -> None:
    everything = config(held_out=0.0)
    pairs(folders / "copies", ("other", "names"), 16)
    with pytest.raises(InputError, match="4 images"):
        gate_sets(everything, Gate("copies"), folders)
    verdict(folders / "again", "lead-3", (9e4, 0), shape=(20, 20))
    with pytest.raises(InputError, match="1 leads"):
        gate_sets(everything, Gate("again"), folders)
    verdict(folders / "near", "else", (2 * BLOCK_M + 910, 0), shape=(20, 20))
    with pytest.raises(InputError, match="away_from"):
        gate_sets(everything, Gate("near"), folders)
    assert gate_sets(config(held_out=0.0, away=("near",)), Gate("near"), folders)


def test_nothing_held_out_and_an_export_named_twice_are_refused(
    folders: Path, verdict: Callable[..., None]
) -> None:
    with pytest.raises(InputError, match="no verdict is held out"):
        gate_sets(config(held_out=0.0), Gate("verdicts"), folders)
    verdict(folders / "newer", "lead-1", (BLOCK_M + 900, 0), shape=(24, 24))
    twice = config(Source("w", "verdicts", 1.0, path="newer"))
    with pytest.raises(InputError, match="lead-1 is in the sources 'v' and 'w'"):
        gate_sets(twice, Gate("verdicts"), folders)
