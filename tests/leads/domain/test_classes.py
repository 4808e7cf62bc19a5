import re

import pytest

from geo.change_class import ChangeClass
from geo.errors import InputError
from leads.domain.classes import ClassRow, class_row, class_rows


def test_table_is_complete() -> None:
    assert [row.code for row in class_rows()] == [int(c) for c in ChangeClass]
    for change_class in ChangeClass:
        assert class_row(change_class).label == change_class.label


def test_names_and_colours_tell_classes_apart() -> None:
    rows = class_rows()
    for column in ("zh", "en", "colour"):
        assert len({getattr(row, column) for row in rows}) == len(rows)
    assert all(re.fullmatch(r"#[0-9a-f]{6}", row.colour) for row in rows)
    assert all(re.search(r"[一-鿿]", row.zh) for row in rows)


def test_a_name_states_no_offence() -> None:
    for row in class_rows():
        assert "违法" not in row.zh
        assert "illegal" not in row.en.lower()


@pytest.mark.parametrize(("theme", "points"), [("dump", 4), ("waste", 21), ("waste", -1)])
def test_wrong_row_is_refused(theme: str, points: int) -> None:
    with pytest.raises(InputError):
        ClassRow(1, "waste_heap", "固废堆体", "Waste heap", theme, points, "", "", "#000000")
