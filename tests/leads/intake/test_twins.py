"""Twins: of every sensing exactly one is run, the best that was known when its fetch began."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from leads.domain.passes import PassState
from leads.intake.twins import LONG_AGO, Member, Verdict, settled, version_key
from leads.store.passes import sensing_of
from tests.leads.intake.made_passes import showing, west_of

DAY = datetime(2024, 4, 11, tzinfo=UTC)
LIVE = (PassState.FOUND, PassState.HELD, PassState.CLOUDY)

versions = st.sampled_from(["", "04.00", "05.09", "05.10", "5.9", "5.10", "a"])
wishes = st.sampled_from([PassState.FOUND] * 4 + [PassState.CLOUDY, PassState.OUTSIDE])
published = st.one_of(st.none(), st.integers(0, 50).map(lambda h: DAY + timedelta(hours=h)))


@st.composite
def offers(draw: st.DrawFn) -> list[Member]:
    """Passes of one sensing, in the order in which they become known."""
    count = draw(st.integers(1, 6))
    made = [
        Member(f"p{n}", f"id{n}", draw(versions), draw(published), draw(wishes))
        for n in range(count)
    ]
    return draw(st.permutations(made))


@dataclass
class Ledger:
    """What a ledger keeps of one sensing."""

    members: dict[str, Member] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def offer(self, *those: Member) -> None:
        self.members |= {one.pass_id: one for one in those}
        self.verdicts = dict(settled(self.members.values()))

    def live(self) -> list[str]:
        return [name for name, told in self.verdicts.items() if told.state in LIVE]

    def begin(self) -> str | None:
        """A worker takes the pass that is to be fetched, if there is one."""
        name = next((n for n, v in self.verdicts.items() if v.state is PassState.FOUND), None)
        if name is not None and not self.members[name].begun:
            self.members[name] = replace(self.members[name], begun=True)
            self.ran.append(name)
        return name

    def breaks(self, name: str) -> None:
        self.members[name] = replace(self.members[name], wish=PassState.BROKEN, begun=False)
        self.offer()


def best(members: list[Member]) -> Member | None:
    able = [one for one in members if one.wish is not PassState.OUTSIDE]
    key = lambda one: (version_key(one.version), one.published or LONG_AGO, one.identifier)  # noqa: E731
    return max(able, key=key, default=None)


@given(offers(), st.data())
def test_whatever_the_order_one_is_run_and_it_is_the_best_known(
    members: list[Member], data: st.DataObject
) -> None:
    ledger, known = Ledger(), list[Member]()
    for member in members:
        known.append(member)
        ledger.offer(member)
        assert len(ledger.live()) <= 1 or ledger.ran
        if data.draw(st.booleans()):
            fresh = not ledger.ran
            ledger.begin()
            if fresh and ledger.ran:
                expected = best(known)
                assert expected is not None and ledger.ran == [expected.pass_id]
    ledger.begin()
    able = [one for one in members if one.wish is not PassState.OUTSIDE]
    assert len(ledger.ran) <= 1
    assert len(ledger.live()) == (1 if able else 0)
    for told in ledger.verdicts.values():
        if told.state is PassState.DOUBLED:
            assert told.twin_of == ledger.live()[0] and told.reason


@given(offers(), st.randoms())
def test_what_is_chosen_does_not_depend_on_the_order(members: list[Member], random: object) -> None:
    one_by_one, at_once = Ledger(), Ledger()
    for member in members:
        one_by_one.offer(member)
    random.shuffle(members)  # type: ignore[attr-defined]
    at_once.offer(*members)
    assert one_by_one.verdicts == at_once.verdicts


@given(offers())
def test_each_that_breaks_gives_way_to_the_next_best(members: list[Member]) -> None:
    ledger = Ledger()
    ledger.offer(*members)
    while (name := ledger.begin()) is not None:
        ledger.breaks(name)
    runnable = {one.pass_id for one in members if one.wish is PassState.FOUND}
    # one that states too much cloud stands for its sensing: it is not broken
    cloudy = [n for n, v in ledger.verdicts.items() if v.state is PassState.CLOUDY]
    assert len(ledger.ran) == len(set(ledger.ran))
    assert cloudy or set(ledger.ran) == runnable


def test_a_better_version_after_the_run_is_doubled_and_says_so() -> None:
    old = Member("p0", "S2A_N0509", "05.09", DAY, PassState.QUEUED, begun=True)
    new = Member("p1", "S2A_N0510", "05.10", DAY, PassState.FOUND)
    told = settled([old, new])
    assert told["p0"].state is PassState.QUEUED
    assert (told["p1"].state, told["p1"].twin_of) == (PassState.DOUBLED, "p0")
    assert told["p1"].reason == (
        "version 05.10 beside 05.09: better, but S2A_N0509 stands for this sensing and was taken "
        "before this one was known"
    )


def test_numbers_in_versions_are_numbers() -> None:
    assert version_key("5.10") > version_key("5.9") > version_key("") < version_key("a")
    assert version_key("05.10") == version_key("5.10")


def test_tiles_orbits_and_platforms_of_one_day_are_no_twins() -> None:
    one = showing("2024-04-11").acquisition
    others = [
        showing("2024-04-11", tile="51RUP").acquisition,
        showing("2024-04-11", platform="sentinel-2b").acquisition,
        showing("2024-04-12").acquisition,
    ]
    assert len({sensing_of(a) for a in (one, *others)}) == 4
    assert sensing_of(one) == sensing_of(showing("2024-04-11", version="05.12").acquisition)


def test_where_the_source_does_not_say_instant_platform_orbit_and_place_do() -> None:
    one = replace(showing("2024-04-11").acquisition, same_as="")
    copy = replace(one, identifier="a copy", version="2", cloud_share=0.3)
    others = [
        replace(one, acquired=one.acquired + timedelta(seconds=1)),
        replace(one, platform="another"),
        replace(one, orbit="3"),
        replace(one, footprint=west_of(0.2)),
    ]
    assert sensing_of(copy) == sensing_of(one)
    assert sensing_of(one) not in {sensing_of(other) for other in others}
