"""Names of all codes in both languages, and what each step takes."""

from typing import Any

from fastapi import APIRouter

from api.accounts.signed_in import Me
from api.bodies.vocabulary import Vocabulary
from api.openapi import ACCOUNT, problems
from leads.documents.wording import KIND_WORDS, LEVEL_WORDS
from leads.domain.classes import class_rows
from leads.domain.transition_table import Transition, field_rules, transitions
from leads.domain.vocabulary import vocabulary

router = APIRouter(prefix="/api/vocabulary", tags=["vocabulary"])


@router.get("", operation_id="read_vocabulary", responses=problems(*ACCOUNT))
def read(_: Me) -> Vocabulary:
    """Every code's names, the change classes, and the declared steps of the life-cycle."""
    words = {section: dict(rows) for section, rows in vocabulary().items()}
    more = {
        "zone_kind": {kind.value: kind_words for kind, kind_words in KIND_WORDS.items()},
        "level": dict(LEVEL_WORDS),
    }
    return Vocabulary.model_validate(
        {
            "words": {**words, **more},
            "classes": class_rows(),
            "transitions": [_told(row) for row in transitions().values()],
            "fields": list(field_rules().values()),
        }
    )


def _told(row: Transition) -> dict[str, Any]:
    return {
        "action": row.action,
        "from_statuses": sorted(row.from_statuses),
        "to_status": row.to_status,
        "roles": sorted(row.roles),
        "required": list(row.required),
        "optional": list(row.optional),
    }
