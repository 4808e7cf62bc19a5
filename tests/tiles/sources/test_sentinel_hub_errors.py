"""Sentinel Hub's moods: what is tried again, for how long, and what is told in the end."""

import socket
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rasterio

from geo.errors import InputError, QuotaError, SourceError, StoppedError
from tests.fakes.sentinel_hub import CATALOG, CLIENT, PROCESS, TOKEN, FakeSentinelHub
from tests.fakes.sky import Sky
from tests.tiles.sources.conftest import CLEAR
from tiles.sources.acquisition import Acquisition
from tiles.sources.parts import units_spent
from tiles.sources.sentinel_hub import SentinelHub
from tiles.sources.source import BANDS_FILE, Ask

JUNE = datetime(2023, 6, 1, tzinfo=UTC), datetime(2023, 7, 1, tzinfo=UTC)
SCL_ONLY = {"bands": ("red", "nir"), "cloud_band": ""}


def go_on() -> None:
    pass


def hub_source(hub: FakeSentinelHub, **more: object) -> SentinelHub:
    return SentinelHub("sh", hub.spec(**{**SCL_ONLY, **more}), CLIENT)


def search(source: SentinelHub, sky: Sky) -> list[Acquisition]:
    return list(source.search(Ask(sky.area, *JUNE)))


def clear(source: SentinelHub, sky: Sky) -> Acquisition:
    (one,) = (one for one in search(source, sky) if one.identifier == CLEAR.identifier)
    return one


def test_a_mood_that_passes_is_waited_for(hub: FakeSentinelHub, sky: Sky) -> None:
    hub.faults[CATALOG].extend(["429", "500", "cut"])
    assert len(search(hub_source(hub), sky)) == 2
    assert hub.counts[CATALOG] == 4


@pytest.mark.parametrize("mood", ["429", "500", "502", "408", "425", "cut", "half"])
def test_a_mood_that_stays_is_told_after_so_many_tries(
    hub: FakeSentinelHub, sky: Sky, mood: str
) -> None:
    hub.faults[CATALOG] = deque([mood] * 20)
    with pytest.raises(SourceError, match=r"^sh: .{20}") as told:
        search(hub_source(hub, tries=3), sky)
    assert hub.counts[CATALOG] == 3
    assert "\n" not in str(told.value) and CLIENT[1] not in str(told.value)


def test_a_page_that_fails_fails_the_search(hub: FakeSentinelHub, sky: Sky) -> None:
    hub.page = 1
    hub.faults[CATALOG].extend(["", "500", "500"])
    with pytest.raises(SourceError, match="answers 500"):
        search(hub_source(hub, tries=2), sky)


def test_retry_after_is_obeyed_in_milliseconds(hub: FakeSentinelHub, sky: Sky) -> None:
    hub.retry_after_ms = 700
    hub.faults[CATALOG].append("429")
    source = hub_source(hub)
    start = time.monotonic()
    assert search(source, sky)
    assert 0.7 <= time.monotonic() - start < 30


def test_a_service_that_wants_longer_than_is_waited_is_asked_another_day(
    hub: FakeSentinelHub, sky: Sky
) -> None:
    hub.retry_after_ms = 3_600_000
    hub.faults[CATALOG].append("429")
    with pytest.raises(SourceError, match="limits its requests"):
        search(hub_source(hub), sky)
    assert hub.counts[CATALOG] == 1


def test_a_slow_service_is_not_waited_for_without_end(hub: FakeSentinelHub, sky: Sky) -> None:
    hub.slow_s = 3.0
    hub.faults[CATALOG] = deque(["slow"] * 3)
    source = hub_source(hub, tries=2, answer_s=0.3)
    with pytest.raises(SourceError, match="cannot be reached"):
        search(source, sky)


def test_nobody_listens(hub: FakeSentinelHub, sky: Sky) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nobody = f"http://127.0.0.1:{port}"
    source = hub_source(hub, service_url=nobody, token_url=nobody + TOKEN, tries=2)
    with pytest.raises(SourceError, match="cannot be reached"):
        search(source, sky)


def test_a_token_that_runs_out_in_between_is_renewed_once(hub: FakeSentinelHub, sky: Sky) -> None:
    source = hub_source(hub)
    search(source, sky)
    hub.expire()
    assert search(source, sky)
    assert hub.counts[TOKEN] == 2


def test_a_token_is_renewed_before_its_end(hub: FakeSentinelHub, sky: Sky) -> None:
    hub.token_life_s = 0.2
    source = hub_source(hub)
    search(source, sky)
    time.sleep(0.15)
    hub.faults[CATALOG].clear()
    search(source, sky)
    assert hub.counts[TOKEN] == 2


def test_a_service_that_takes_no_token_is_not_asked_without_end(
    hub: FakeSentinelHub, sky: Sky
) -> None:
    hub.faults[CATALOG] = deque(["401"] * 20)
    with pytest.raises(SourceError, match="refuses its own token"):
        search(hub_source(hub), sky)
    assert hub.counts[CATALOG] == hub.counts[TOKEN] == 2


def test_wrong_secrets_are_told_without_them(hub: FakeSentinelHub, sky: Sky) -> None:
    source = SentinelHub("sh", hub.spec(), ("hongxian-test", "wrong horse"))
    with pytest.raises(SourceError, match="refuses the client id and secret") as told:
        search(source, sky)
    assert "horse" not in str(told.value)
    assert hub.counts[TOKEN] == 1


@pytest.mark.parametrize("mood", ["500", "cut", "html", "429"])
def test_the_identity_service_has_moods_too(hub: FakeSentinelHub, sky: Sky, mood: str) -> None:
    hub.faults[TOKEN].append(mood)
    assert search(hub_source(hub), sky)
    assert hub.counts[TOKEN] == 2


@pytest.mark.parametrize(
    ("mood", "error", "words"),
    [
        ("quota", QuotaError, "Insufficient processing units"),
        ("403", SourceError, "rights do not reach"),
        ("400", InputError, "scripted 400"),
        ("413", InputError, "scripted 413"),
        ("404", SourceError, "answers 404 .*set its address"),
        ("405", SourceError, "answers 405 .*set its address"),
        ("redirect", SourceError, "answers 302"),
    ],
)
def test_what_no_second_try_mends(
    hub: FakeSentinelHub, sky: Sky, mood: str, error: type[Exception], words: str, tmp_path: Path
) -> None:
    source = hub_source(hub)
    one = clear(source, sky)
    hub.faults[PROCESS].append(mood)
    with pytest.raises(error, match=words):
        source.fetch(one, sky.area, tmp_path, go_on)
    assert hub.counts[PROCESS] == 1


def test_what_is_no_image_is_asked_for_again_and_never_kept(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source = hub_source(hub)
    one = clear(source, sky)
    hub.faults[PROCESS].extend(["truncated", "small", "moved", ""])  # all of them are charged

    with pytest.raises(SourceError, match="no image as it was asked for") as caught:
        source.fetch(one, sky.area, tmp_path, go_on)
    assert str(tmp_path) not in str(caught.value)
    assert list((tmp_path / ".parts").glob("*.tif")) == []

    fetched = source.fetch(one, sky.area, tmp_path, go_on)

    assert hub.counts[PROCESS] == 4
    assert fetched.units == pytest.approx(hub.units, abs=1e-3), "all four"
    with rasterio.open(tmp_path / BANDS_FILE) as image:
        assert image.count == 2


def test_an_image_of_other_ground_is_none(hub: FakeSentinelHub, sky: Sky, tmp_path: Path) -> None:
    source = hub_source(hub)
    one = clear(source, sky)
    hub.faults[PROCESS].extend(["moved", "moved"])
    with pytest.raises(SourceError, match=r"it lies at .* not at"):
        source.fetch(one, sky.area, tmp_path, go_on)


def test_what_was_charged_is_known_whatever_becomes_of_the_fetch(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source = hub_source(hub)
    one = clear(source, sky)
    told = source.cost(one, sky.area).units
    for number in range(1, 4):
        hub.faults[PROCESS].extend(["truncated"] * 2)
        with pytest.raises(SourceError):
            source.fetch(one, sky.area, tmp_path, go_on)
        assert units_spent(tmp_path) == pytest.approx(hub.units) == pytest.approx(2 * number * told)

    hub.faults[PROCESS].extend(["500"] * 4)
    with pytest.raises(SourceError):
        source.fetch(one, sky.area, tmp_path, go_on)
    assert units_spent(tmp_path) == pytest.approx(hub.units), "a refusal is not charged"

    hub.faults[PROCESS].append("half")  # an answer that began was worked for
    fetched = source.fetch(one, sky.area, tmp_path, go_on)
    assert fetched.units == pytest.approx(hub.units + told, rel=1e-3)
    assert units_spent(tmp_path) == 0


def test_what_is_asked_for_is_counted_before_it_comes(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    """A kill while the service works leaves no room to write it down."""
    source = hub_source(hub)
    one = clear(source, sky)
    seen: list[float] = []
    hub.on_image = lambda _: seen.append(units_spent(tmp_path))
    source.fetch(one, sky.area, tmp_path, go_on)
    assert seen == [pytest.approx(source.cost(one, sky.area).units)]


def test_each_image_may_be_refused_before_it_is_spent(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    """`check` reads what was spent: a budget holds for images that are asked for again, too."""
    source = hub_source(hub)
    one = clear(source, sky)
    most = source.cost(one, sky.area).units

    def check() -> None:
        if units_spent(tmp_path) > most * 1.001:
            raise QuotaError("all of it")

    hub.faults[PROCESS].extend(["truncated"] * 2)
    with pytest.raises(QuotaError):
        source.fetch(one, sky.area, tmp_path, check)
    assert hub.units == pytest.approx(most), "one image, not two"


def test_a_search_is_not_part_of_the_fetch_before_it(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source, lost = hub_source(hub), False

    def check() -> None:
        if lost:
            raise StoppedError("the job of long ago")

    source.fetch(clear(source, sky), sky.area, tmp_path, check)
    lost = True
    hub.faults[CATALOG].append("500")
    assert len(search(source, sky)) == 2


def test_proxies_of_the_environment_are_not_used(
    hub: FakeSentinelHub, sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    assert len(search(hub_source(hub, tries=1), sky)) == 2


def test_a_page_of_a_captive_portal_is_no_image(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source = hub_source(hub)
    one = clear(source, sky)
    hub.faults[PROCESS].append("html")
    with pytest.raises(SourceError, match="text/html came instead"):
        source.fetch(one, sky.area, tmp_path, go_on)


def test_a_page_of_a_captive_portal_is_no_catalogue(hub: FakeSentinelHub, sky: Sky) -> None:
    hub.faults[CATALOG].append("html")
    with pytest.raises(SourceError, match="makes no sense"):
        search(hub_source(hub), sky)


def test_it_can_be_stopped_while_it_waits(hub: FakeSentinelHub, sky: Sky, tmp_path: Path) -> None:
    source = hub_source(hub, longest_wait_s=60.0)
    one = clear(source, sky)
    hub.retry_after_ms = 50_000
    hub.faults[PROCESS].append("429")
    start = time.monotonic()

    def check() -> None:
        if hub.counts[PROCESS]:
            raise StoppedError("stop")

    with pytest.raises(StoppedError):
        source.fetch(one, sky.area, tmp_path, check)
    assert time.monotonic() - start < 30


def test_a_catalogue_without_end_is_told(
    hub: FakeSentinelHub, sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiles.sources.sentinel_hub.MOST_ITEMS", 5)
    monkeypatch.setattr(
        hub.__class__,
        "search",
        lambda self, _: {"features": [self.item(CLEAR)], "context": {"next": 1}},
    )
    with pytest.raises(SourceError, match="more than 5 items"):
        search(hub_source(hub), sky)


def test_a_day_away_and_back(hub: FakeSentinelHub, sky: Sky) -> None:
    source = hub_source(hub, tries=2)
    hub.away = True
    for _ in range(2):
        with pytest.raises(SourceError):
            search(source, sky)
    hub.away = False
    assert len(search(source, sky)) == 2
