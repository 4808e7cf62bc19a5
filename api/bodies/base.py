"""What all bodies share, and the small types they are made of."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    WithJsonSchema,
)

from geo.change_class import ChangeClass
from leads.domain.vocabulary import unit_names

NO_CONTROL = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: no store keeps NUL, and none belongs into a name."""


class Request(BaseModel):
    """What is sent to us: nothing beyond what is asked for."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", frozen=True)


class Answer(BaseModel):
    """What we send; read from the attributes of values of leads/."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True, frozen=True)


def examples(*values: Any) -> ConfigDict:  # noqa: ANN401  (any JSON)
    """The `model_config` of a body with examples for the interface's description."""
    return ConfigDict(json_schema_extra={"examples": list(values)})


class Words(Answer):
    """A name in both languages."""

    zh: str
    """Chinese."""
    en: str
    """English."""


CLASS_LABELS = tuple(change_class.label for change_class in ChangeClass)


def _label(value: object) -> object:
    return value.label if isinstance(value, ChangeClass) else value


def _known_class(label: str) -> str:
    if label not in CLASS_LABELS:
        raise ValueError(f"use one of {', '.join(CLASS_LABELS)}")
    return label


def _known_unit(code: str) -> str:
    if code not in unit_names():
        raise ValueError(f"use one of {', '.join(unit_names())}")
    return code


ClassLabel = Annotated[
    str,
    BeforeValidator(_label),
    AfterValidator(_known_class),
    WithJsonSchema({"type": "string", "enum": list(CLASS_LABELS)}),
]
"""A change class by its label, for example `waste_heap`."""

UnitCode = Annotated[
    str,
    AfterValidator(_known_unit),
    WithJsonSchema({"type": "string", "enum": list(unit_names())}),
]
"""A jurisdiction unit by its code."""

DistrictCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
"""A district by its GB/T 2260 code."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_CONTROL)]
"""A short text of one line."""

Cursor = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\w=-]+$")]
"""Where a page starts: `next_cursor` of the page before."""


def path_part(words: str, pattern: str, example: str) -> Any:  # noqa: ANN401  (as FastAPI's Path)
    """A part of a path, described."""
    return Path(pattern=pattern, description=words, examples=[example])


LeadId = Annotated[
    str,
    path_part("The lead: sixteen hex digits.", r"^[0-9a-f]{16}$", "0123456789abcdef"),
]


def class_of(label: str) -> ChangeClass:
    """The change class of a label that was checked."""
    return ChangeClass[label.upper()]
