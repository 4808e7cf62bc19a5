"""Every code has its words in both languages, and none states an offence."""

import re
from enum import StrEnum

import pytest

from geo.errors import InputError
from geo.sign_kind import SignKind
from leads.domain.event import MachineAction
from leads.domain.flight import FileKind, FlightAction, FlightState, Product
from leads.domain.flight_answer import FlightSaid
from leads.domain.identity import FilingOutcome
from leads.domain.job import JobState
from leads.domain.mission import Airspace, MissionState
from leads.domain.passes import PassRole, PassState
from leads.domain.roles import Role
from leads.domain.sign import SignState
from leads.domain.status import (
    ClassBy,
    Determination,
    DiscardReason,
    Origin,
    Priority,
    ReturnReason,
    Status,
)
from leads.domain.transition_table import Action
from leads.domain.upload import UploadState
from leads.domain.vocabulary import unit_names, vocabulary, words_of
from leads.domain.withdrawal import FlagKind, WithdrawalOutcome
from tiles.sources.acquisition import Kind

TERMS: dict[str, type[StrEnum]] = {
    "status": Status,
    "determination": Determination,
    "origin": Origin,
    "discard_reason": DiscardReason,
    "return_reason": ReturnReason,
    "priority": Priority,
    "class_by": ClassBy,
    "role": Role,
    "action": Action,
    "machine_action": MachineAction,
    "filing_outcome": FilingOutcome,
    "flight_state": FlightState,
    "product": Product,
    "file_kind": FileKind,
    "flight_action": FlightAction,
    "upload_state": UploadState,
    "mission_state": MissionState,
    "airspace": Airspace,
    "flight_said": FlightSaid,
    "sign_kind": SignKind,
    "sign_state": SignState,
    "withdrawal_outcome": WithdrawalOutcome,
    "flag_kind": FlagKind,
    "job_state": JobState,
    "pass_state": PassState,
    "pass_role": PassRole,
    "kind": Kind,
}


@pytest.mark.parametrize("section", TERMS)
def test_a_section_holds_exactly_the_codes_of_its_enum(section: str) -> None:
    assert list(vocabulary()[section]) == [term.value for term in TERMS[section]]
    for term in TERMS[section]:
        assert words_of(term) is vocabulary()[section][term.value]


def test_no_section_is_left_over() -> None:
    assert set(vocabulary()) == {*TERMS, "unit"}


def test_words_are_chinese_and_english_and_accuse_nobody() -> None:
    for section in vocabulary().values():
        for words in section.values():
            assert re.search(r"[一-鿿]", words.zh)
            assert not re.search(r"[一-鿿]", words.en)
            assert "违法" not in words.zh
            assert "illegal" not in words.en.lower()


def test_the_sixteen_districts_are_units_and_old_codes_are_not() -> None:
    districts = [code for code in unit_names() if code.isdigit()]
    assert len(districts) == 16
    assert all(re.fullmatch(r"310[01]\d\d", code) for code in districts)
    assert "310230" not in unit_names()


def test_a_code_without_words_is_told() -> None:
    class Weather(StrEnum):
        RAIN = "rain"

    with pytest.raises(InputError, match=r"weather\.rain"):
        words_of(Weather.RAIN)
