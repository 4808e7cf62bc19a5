from pathlib import Path

import pytest

from geo.errors import InputError
from models.training.config import Config, Gate, Source, config_of, read_config

ROOT = Path(__file__).resolve().parents[3]
GROUND = Source("ground", "ground", 1.0, count=1)
CONFIGS = sorted(file for file in (ROOT / "configs").rglob("*.toml") if file.name != "passes.toml")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_what_is_shipped_can_be_read(path: Path) -> None:
    assert read_config(path).sources


def test_tables_become_values(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(
        'name = "n"\nwidths = [8, 8, 8, 8]\n[gate]\ntarget = "verdicts"\nsets = ["made:ground"]\n'
        '[[source]]\nname = "v"\nkind = "verdicts"\nshare = 1.0\nheld_out = 0.25\n'
    )
    config = read_config(path)
    assert config.widths == (8, 8, 8, 8) and config.sources[0].held_out == 0.25
    assert config.gate == Gate("verdicts", ("made:ground",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", "TOML"),
        ('name = "n"', r"no \[\[source\]\]"),
        ("steps = 3\n[[source]]\nname='a'\nkind='ground'\nshare=1", "name"),
        ("name='n'\npace = 3\n[[source]]\nname='a'\nkind='ground'\nshare=1", "no pace"),
        ("name='n'\n[[source]]\nname='a'\nkind='ground'\nshare=1\nfoo=1", "source has no foo"),
        ("name='n'\n[[source]]\nname='a'\nkind='ground'\nshare=0", "share 0"),
        ("name='n'\n[[source]]\nname='a'\nkind='ground'\nshare=1\nheld_out=1.0", "held_out"),
        ("name='n'\ncrop_px=50\n[[source]]\nname='a'\nkind='ground'\nshare=1", "multiple of 16"),
        ("name='n'\nwidths=[8]\n[[source]]\nname='a'\nkind='ground'\nshare=1", "widths"),
        ("name='n'\n[gate]\nsets=[]\n[[source]]\nname='a'\nkind='ground'\nshare=1", "target"),
        ("name='n'\n[gate]\ntarget='a'\nsets=['a']\n[[source]]\nname='a'\nkind='x'\nshare=1", "tw"),
        ("name='n'\n[gate]\ntarget='a'\nleast=1\n[[source]]\nname='a'\nkind='x'\nshare=1", "least"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=told) as failed:
        read_config(path)
    assert "\n" not in str(failed.value)


def test_no_source_loads_columns_kept_for_tuning() -> None:
    with pytest.raises(InputError, match=r"\[3\].*columns_out"):
        Config("n", sources=(Source("p", "pairs", 1.0, columns_out=(2,)),), tuning_columns=(2, 3))
    Config("n", sources=(Source("p", "pairs", 1.0, columns_out=(2, 3)),), tuning_columns=(2, 3))


def test_the_gate_shapes_no_weights_and_values_survive_json() -> None:
    from dataclasses import asdict  # noqa: PLC0415

    one = Config("n", sources=(GROUND,), gate=Gate("made:ground"))
    assert one == Config("n", sources=(GROUND,))
    again = config_of(asdict(one), Path("x"))
    assert again == one and again.gate == one.gate
