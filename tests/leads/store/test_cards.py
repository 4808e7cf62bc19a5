"""Score cards go into the store in two parts and come back whole."""

import json

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from geo.change_class import ChangeClass
from leads.domain.facts import Facts
from leads.domain.score import score
from leads.store.cards import keep_cards, packed, whole_card
from leads.store.engine import writing
from leads.store.schema import card_wordings

drawn_cards = st.builds(
    lambda share, kind, area: score(Facts(share, kind, area)),
    st.floats(0, 1),
    st.sampled_from(ChangeClass),
    st.floats(1, 1e6),
)


@given(card=drawn_cards)
def test_the_parts_hold_the_whole(card: object) -> None:
    own, wording = packed(card)  # type: ignore[arg-type]
    words = len(json.dumps(wording, ensure_ascii=False))
    assert len(json.dumps(own, ensure_ascii=False)) < words / 3


def test_a_card_comes_back_as_it_went_in(store: Engine) -> None:
    cards = [score(Facts(0.1 * n, ChangeClass(n), 900.0 * n)) for n in range(1, 10)]
    with writing(store) as connection:
        for card in cards:
            own = json.loads(json.dumps(keep_cards(connection, [card])[0]))
            assert whole_card(connection, own) == json.loads(json.dumps(card.as_json()))
        assert connection.scalar(select(func.count()).select_from(card_wordings)) == 1
