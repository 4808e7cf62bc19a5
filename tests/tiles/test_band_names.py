import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles.files.band_names import (
    SENTINEL_2,
    WAVELENGTH_NM,
    band_name,
    by_wavelength,
    names_in_file,
)


@given(
    st.sampled_from(sorted(SENTINEL_2)),
    st.sampled_from(["B", "b", "B0"]),
    st.sampled_from(["_10m", "", "_20m"]),
)
def test_sentinel_2_numbers(number: str, front: str, end: str) -> None:
    written = front + number[1:].upper()
    assert band_name(f"T51RUQ_20230815T023529_{written}{end}") == SENTINEL_2[number]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Blue", "blue"),
        ("红", "red"),
        ("蓝波段", "blue"),
        ("近红外", "nir"),
        ("Near Infrared", "nir"),
        ("near-infrared", "nir"),
        ("Red Edge", "rededge"),
        ("Red Edge 1", "rededge071"),
        ("rededge3", "rededge078"),
        ("red edge (B5)", "rededge071"),
        ("Blue (band 2)", "blue"),
        ("scl", "scl"),
        ("SCL_20m", "scl"),
        ("LC08_L2SP_118038_20230815_02_T1_SR_B5", "nir08"),
        ("red and blue", None),
        ("infrared", None),
        ("TCI_10m", None),
        ("B99", None),
        ("", None),
    ],
)
def test_examples(text: str, name: str | None) -> None:
    assert band_name(text) == name


@pytest.mark.parametrize(
    ("descriptions", "colours", "names"),
    [
        ((None,) * 3, ("red", "green", "blue"), ("red", "green", "blue")),
        ((None,) * 3, ("gray", "undefined", "undefined"), ("red", "green", "blue")),
        ((None,) * 4, ("red", "green", "blue", "alpha"), ("red", "green", "blue", None)),
        ((None,) * 4, ("red", "green", "blue", "undefined"), ("red", "green", "blue", "nir")),
        ((None,) * 4, ("gray",) + ("undefined",) * 3, ("blue", "green", "red", "nir")),
        (("B1", "B2", "B3", "B4"), ("gray",) * 4, ("blue", "green", "red", "nir")),
        (("B2", "B3", "B4", "B8"), ("gray",) * 4, ("blue", "green", "red", "nir")),
        (("B4", "B3", "QA60", "SCL"), ("gray",) * 4, ("red", "green", None, "scl")),
        ((None,) * 2, ("gray", "alpha"), ("band1", None)),
        ((None,) * 5, ("gray",) * 5, ("band1", "band2", "band3", "band4", "band5")),
    ],
)
def test_names_in_a_file(
    descriptions: tuple[str | None, ...], colours: tuple[str, ...], names: tuple[str | None, ...]
) -> None:
    assert names_in_file(descriptions, colours) == names


@given(st.lists(st.sampled_from(sorted(WAVELENGTH_NM)), unique=True))
def test_bands_go_by_wavelength(names: list[str]) -> None:
    ordered = [WAVELENGTH_NM[name] for name in by_wavelength(names)]
    assert ordered == sorted(ordered)
    assert by_wavelength([*names, "band1"]) == (*names, "band1")
