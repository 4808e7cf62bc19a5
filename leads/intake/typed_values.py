"""Tables of a configuration as the fields of a dataclass want them; nothing is guessed."""

import json
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from geo.errors import InputError


def typed_values(
    cls: type, values: Mapping[str, Any], where: str, *, given: Collection[str] = ()
) -> dict[str, Any]:
    """The values of a table, with the types that the fields of a dataclass have.

    `given`: fields that the caller fills in. Raises InputError, which names `where`, for a key that
    is no field, a value of another type, and a field that is missing.
    """
    known = {field.name: field for field in fields(cls) if field.init and field.name not in given}
    for name in sorted(set(values) - set(known)):
        there = ", ".join(sorted(known))
        raise InputError(f"{where}: no setting {name!a:.60}; there are {there}")
    for name, field in known.items():
        needed = field.default is MISSING and field.default_factory is MISSING
        if needed and name not in values:
            raise InputError(f"{where}: {name} is missing")
    hints = get_type_hints(cls)
    return {name: _typed(hints[name], value, f"{where}: {name}") for name, value in values.items()}


def _typed(hint: Any, value: object, where: str) -> Any:  # noqa: ANN401 (any type of a field)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        return hint(**typed_values(hint, value, where))
    if get_origin(hint) is Mapping and isinstance(value, dict):
        inside = get_args(hint)[1]
        return {key: _typed(inside, one, f"{where}.{key}") for key, one in value.items()}
    try:
        return TypeAdapter(hint).validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        inside = "".join(f"[{part}]" for part in first["loc"])
        raise InputError(f"{where}{inside} = {value!a:.80}: {first['msg'].lower()}") from None


def with_whole_paths(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The values with relative paths taken from a folder, so that they hold wherever they go."""
    return {name: _whole(value, folder) for name, value in values.items()}


def _whole(value: object, folder: Path) -> object:
    if isinstance(value, Path):
        return folder / value.expanduser()
    if isinstance(value, tuple):
        return tuple(_whole(one, folder) for one in value)
    return value
