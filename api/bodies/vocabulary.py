"""Bodies of the vocabulary: names of all codes, and what each step takes."""

from api.bodies.base import Answer, Words, examples
from leads.domain.roles import Role
from leads.domain.status import Status
from leads.domain.transition_table import Action


class ClassAnswer(Words):
    """A change class."""

    label: str
    """Its code."""
    theme: str
    """`waste`, `redline`, `both` or `none`."""
    colour: str
    """sRGB as `#rrggbb`."""
    department: str
    """Department it is referred to when it is not for the ecology bureau; may be empty."""


class TransitionAnswer(Answer):
    """A step of the life-cycle."""

    action: Action
    """The step."""
    from_statuses: list[Status]
    """Statuses it leads from."""
    to_status: Status
    """Status it leads to."""
    roles: list[Role]
    """Who may take it."""
    required: list[str]
    """Fields it must carry."""
    optional: list[str]
    """Fields it may carry."""


class FieldAnswer(Answer):
    """A field of a step."""

    name: str
    """Its name."""
    kind: str
    """What it holds."""
    most: int | None
    """Characters of a text, corners of an outline, days ahead of a due date."""


class Vocabulary(Answer):
    """Names of all codes in both languages."""

    model_config = examples(
        {
            "words": {"status": {"candidate": {"zh": "自动变化检测图斑", "en": "Machine"}}},
            "classes": [
                {
                    "label": "waste_heap",
                    "zh": "固废堆体",
                    "en": "Waste heap",
                    "theme": "waste",
                    "colour": "#b35806",
                    "department": "",
                }
            ],
            "transitions": [
                {
                    "action": "claim",
                    "from_statuses": ["candidate"],
                    "to_status": "desk_review",
                    "roles": ["analyst"],
                    "required": [],
                    "optional": ["note"],
                }
            ],
            "fields": [{"name": "note", "kind": "text", "most": 2000}],
        }
    )

    words: dict[str, dict[str, Words]]
    """Section (`status`, `unit`, `zone_kind`...) to code to names."""
    classes: list[ClassAnswer]
    """Every change class."""
    transitions: list[TransitionAnswer]
    """Every step."""
    fields: list[FieldAnswer]
    """Every field of a step."""


class Health(Answer):
    """Whether the server and its store work."""

    model_config = examples({"status": "ok", "store": "ok", "version": "0.3.0"})

    status: str
    """`ok`, or `degraded` while the store cannot be used."""
    store: str
    """`ok`, `unavailable` or `outdated`."""
    version: str
    """Version of the program."""
