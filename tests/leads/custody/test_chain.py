"""The chain: one text for one value, and any touch of a link is found where it is."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from leads.custody.canonical import canonical_json
from leads.custody.chain import GENESIS, Link, chained, event_hash, verify
from leads.domain.event import Event, MachineAction
from leads.domain.roles import Role
from leads.domain.status import Status
from leads.domain.transition_table import Action

START = datetime(2026, 11, 22, tzinfo=UTC)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
data = st.dictionaries(texts, values, max_size=3)


def event(sequence: int, carried: dict[str, Any], lead_id: str = "L") -> Event:
    return Event(
        lead_id=lead_id,
        sequence=sequence,
        action=Action.CLAIM if sequence > 1 else MachineAction.FILED,
        from_status=Status.CANDIDATE if sequence > 1 else None,
        to_status=Status.DESK_REVIEW,
        at=START + timedelta(microseconds=sequence),
        account_id="a1" if sequence > 1 else None,
        role=Role.ANALYST if sequence > 1 else None,
        account_unit=None,
        data=carried,
    )


@st.composite
def chains(draw: st.DrawFn) -> list[Link]:
    carried = draw(st.lists(data, min_size=1, max_size=5))
    links: list[Link] = []
    for sequence, one in enumerate(carried, start=1):
        previous = links[-1].hash if links else GENESIS
        links.append(chained(previous, event(sequence, one)))
    return links


def sequence_told(links: list[Link]) -> str:
    broken = verify(links)
    assert broken is not None
    return str(broken).split()[1]


@given(chains())
def test_a_whole_chain_verifies_also_from_a_generator(links: list[Link]) -> None:
    assert verify(links) is None
    assert verify(iter(links), head=links[-1].hash) is None


@given(chains(), st.data())
def test_a_changed_event_is_the_first_bad_link(links: list[Link], choice: st.DataObject) -> None:
    at = choice.draw(st.integers(0, len(links) - 1))
    changed = choice.draw(
        st.sampled_from(
            [
                {"account_id": "other"},
                {"at": START - timedelta(days=1)},
                {"to_status": Status.DISCARDED},
                {"data": {**links[at].event.data, "added\n": 1}},
            ]
        )
    )
    links[at] = replace(links[at], event=replace(links[at].event, **changed))
    assert sequence_told(links) == str(at + 1)


@given(chains(), st.data())
def test_a_missing_event_is_found(links: list[Link], choice: st.DataObject) -> None:
    head = links[-1].hash
    at = choice.draw(st.integers(0, len(links) - 1))
    last = at == len(links) - 1
    del links[at]
    assert (verify(links) is None) is last  # cut at its end, the chain alone looks whole
    assert verify(links, head) is not None


@given(chains())
def test_a_replaced_event_breaks_the_next_link(links: list[Link]) -> None:
    forged = chained(GENESIS, replace(links[0].event, account_id="forger"))
    assert (verify([forged, *links[1:]]) is None) is (len(links) == 1)
    assert verify([forged, *links[1:]], links[-1].hash) is not None


@given(chains())
def test_a_changed_pointer_is_found_though_the_hashes_hold(links: list[Link]) -> None:
    links[-1] = replace(links[-1], previous_hash="f" * 64)
    assert sequence_told(links) == str(len(links))


def test_a_link_of_another_lead_or_out_of_order_is_told() -> None:
    one = chained(GENESIS, event(1, {}))
    two = chained(one.hash, event(2, {}))
    stranger = chained(one.hash, event(2, {}, lead_id="M"))
    assert "belongs to lead M" in str(verify([one, stranger]))
    assert "one is missing or moved" in str(verify([two, one]))
    assert verify([], GENESIS) is None


def test_the_hash_is_the_one_it_always_was() -> None:
    """A change here breaks every chain ever written: do not adjust the digits."""
    written = event_hash(GENESIS, event(1, {"面积_m2": 1250.0, "note": "堆体"}))
    assert written == "73ca45f46db18e8ea59de877f8ad76e4f44028bd1d8ebcd983fb8b4548254eb8"


@given(data)
def test_a_round_trip_through_json_gives_the_same_bytes(carried: dict[str, Any]) -> None:
    written = canonical_json(carried)
    assert canonical_json(json.loads(written)) == written
    assert canonical_json(dict(reversed(carried.items()))) == written


@given(st.integers(-(2**53), 2**53))
def test_whole_numbers_are_the_same_however_a_database_keeps_them(number: int) -> None:
    assert canonical_json(float(number)) == canonical_json(number) == str(number).encode()


@pytest.mark.parametrize(
    "wrong", [float("nan"), float("inf"), "\ud800", {1: 2}, {"a": START}, b"bytes", {3}]
)
def test_what_json_cannot_hold_is_refused(wrong: object) -> None:
    with pytest.raises(InputError):
        canonical_json({"value": wrong})


def test_a_bottomless_value_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InputError):
        canonical_json(endless)
