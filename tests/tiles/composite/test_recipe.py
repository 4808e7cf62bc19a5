from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.change_class import ChangeClass
from geo.errors import InputError
from tiles.composite import HELD_OUT, TRAINING, Recipe
from tiles.composite.outline import outline
from tiles.composite.paint import paint
from tiles.composite.recipe import Material, Outline

SPANS = ("sun_azimuth_deg", "sun_elevation_deg", "steepness", "fan_share", "feather_px")


def test_what_is_held_out_is_never_trained_on() -> None:
    names, colours = (
        [{value(material) for material in recipe.materials} for recipe in (TRAINING, HELD_OUT)]
        for value in (lambda one: one.name, lambda one: frozenset(one.palette))
    )
    assert not names[0] & names[1]
    assert not frozenset().union(*colours[0]) & frozenset().union(*colours[1])
    assert not set(TRAINING.outlines) & set(HELD_OUT.outlines)
    assert not set(TRAINING.tracks) & set(HELD_OUT.tracks)


@pytest.mark.parametrize("name", SPANS)
def test_settings_do_not_overlap(name: str) -> None:
    one, other = sorted((getattr(TRAINING, name), getattr(HELD_OUT, name)))
    assert one[1] < other[0]


def test_every_outline_is_in_one_recipe() -> None:
    assert {*TRAINING.outlines, *HELD_OUT.outlines} == set(Outline)


def test_only_a_liquid_is_a_pond() -> None:
    ponds = {m.name for m in (*TRAINING.materials, *HELD_OUT.materials) if m.change == 3}
    assert ponds == {"brown_mud", "grey_mud", "green_slurry"}
    assert TRAINING.materials[0].change is ChangeClass.WASTE_HEAP


@given(st.integers(0, 2**32), st.sampled_from(Outline))
def test_an_outline_has_an_inside_and_an_outside(seed: int, kind: Outline) -> None:
    rng = np.random.default_rng(seed)
    across = np.linspace(-1.6, 1.6, 65, dtype=np.float32)
    u, v = np.meshgrid(across, across)
    field = outline(rng, kind, u, v, np.zeros_like(u))
    assert field.dtype == np.float32 and np.isfinite(field).all()
    assert field.max() > 0
    border = np.concatenate([field[0], field[-1], field[:, 0], field[:, -1]])
    assert border.max() < 0


@given(
    st.integers(0, 2**32),
    st.sampled_from((*TRAINING.materials, *HELD_OUT.materials)),
    st.sampled_from((0.05, 0.5, 2.0, 10.0)),
)
def test_a_material_keeps_near_its_colours(seed: int, material: Material, step_m: float) -> None:
    across = np.linspace(-1, 1, 48, dtype=np.float32)
    depth = (1 - np.hypot(across, across[:, None])) * np.float32(24 * step_m)
    painted = paint(np.random.default_rng(seed), material, depth, step_m)
    assert painted.shape == (3, 48, 48) and painted.dtype == np.float32
    colours = np.array(material.palette)
    assert colours.min() * 0.4 < painted.mean() < colours.max() * 1.6
    assert painted.min() > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"materials": ()},
        {"size_m": (20.0, 8.0)},
        {"heaps": (0, 3)},
        {"both_chance": 0.9, "removed_chance": 0.2},
        {"track_chance": -0.1},
    ],
)
def test_a_wrong_recipe_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="recipe"):
        replace(TRAINING, **wrong)  # type: ignore[arg-type]


def test_a_material_of_one_colour_is_refused() -> None:
    with pytest.raises(InputError, match="two colours"):
        replace(TRAINING.materials[0], palette=((0.5, 0.5, 0.5),))


def test_recipes_are_values() -> None:
    assert replace(TRAINING) == TRAINING
    assert isinstance(hash(TRAINING), int)
    assert isinstance(TRAINING, Recipe)
