"""The error tree: drawn as it is, and each error with the exit code of the command line."""

import re

import pytest

from geo import errors
from geo.errors import HongxianError, InputError

ALL = [value for value in vars(errors).values() if isinstance(value, type)]
DRAWN = re.compile(r"^([│├└─ ]*)(\w+Error) +\S", re.MULTILINE)
INDENT = 4
"""Columns a branch is drawn deeper than its parent."""


def drawn_parents(docstring: str) -> dict[str, str | None]:
    """Name of each error in the drawing -> name of the one it hangs from."""
    parents: dict[str, str | None] = {}
    trail: list[str] = []
    for branch, name in DRAWN.findall(docstring):
        depth = len(branch) // INDENT
        trail = [*trail[:depth], name]
        parents[name] = trail[depth - 1] if depth else None
    return parents


def test_the_tree_is_drawn_as_it_is() -> None:
    real = {e.__name__: None if e is HongxianError else e.__bases__[0].__name__ for e in ALL}
    assert drawn_parents(errors.__doc__ or "") == real


@pytest.mark.parametrize("error", ALL)
def test_wrong_input_exits_with_2_and_all_else_with_1(error: type[HongxianError]) -> None:
    assert issubclass(error, HongxianError)
    assert error.exit_code == (2 if issubclass(error, InputError) else 1)


@pytest.mark.parametrize("error", ALL)
def test_an_error_says_its_message_and_nothing_else(error: type[HongxianError]) -> None:
    assert str(error("got 3 bands, needs 4")) == "got 3 bands, needs 4"
    assert error.__doc__
