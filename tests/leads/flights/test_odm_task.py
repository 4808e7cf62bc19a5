"""The task on a NodeODM server: resumed, lost, failed, slow, and never with its token in words."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from geo.errors import InputError, LeaseLostError, SetupError
from leads.flights.nodeodm import NodeOdm
from leads.flights.odm_task import PATIENCE, Done, GivenUp, OdmRecord, OdmTask, Waits
from tests.fakes.nodeodm import FakeNodeOdm, served

TOKEN = "s3cret-token"  # noqa: S105
NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
def fake() -> Iterator[FakeNodeOdm]:
    with served(FakeNodeOdm(lambda images: b"".join(images[n] for n in sorted(images)))) as server:
        yield server


class Follow:
    """A flight's task over any number of starts; `keeps` may end one in its middle."""

    def __init__(self, fake: FakeNodeOdm, folder: Path, photos: int = 3, token: str = "") -> None:
        self.fake, self.folder, self.token = fake, folder, token
        self.target, self.now = folder / "odm.tif", NOW
        self.kept: list[OdmRecord] = []
        self.dies_after: int | None = None
        self.paths = [folder / f"{n // 2}" / f"DJI_{n % 2}.JPG" for n in range(photos)]
        for n, path in enumerate(self.paths):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(bytes([65 + n]) * 3)

    def keep(self, record: OdmRecord) -> None:
        self.kept.append(record)
        if self.dies_after is not None and len(self.kept) == self.dies_after:
            raise LeaseLostError("killed")

    def start(self) -> Done | Waits | GivenUp:
        server = NodeOdm(self.fake.address, self.token, (2.0, 2.0))
        task = OdmTask(server, self.keep, lambda: None, lambda _: None, lambda: self.now)
        record = self.kept[-1] if self.kept else None
        return task.advance(record, lambda: self.paths, "堡镇", 0.034, self.target)

    def finish(self, most: int = 12) -> Done | Waits | GivenUp:
        for _ in range(most):
            came = self.start()
            if not isinstance(came, Waits):
                return came
        return came


def test_photos_become_an_orthophoto_and_nobody_waits_for_it(
    fake: FakeNodeOdm, tmp_path: Path
) -> None:
    follow = Follow(fake, tmp_path)
    first = follow.start()
    assert isinstance(first, Waits) and "33 %" in first.why
    assert isinstance(follow.finish(), Done)
    assert follow.target.read_bytes() == b"AAABBBCCC"
    (task,) = fake.tasks.values()
    assert {"name": "orthophoto-resolution", "value": 3.4} in task.options
    assert sorted(task.images) == ["00000_DJI_0.jpg", "00001_DJI_1.jpg", "00002_DJI_0.jpg"]
    assert not list(tmp_path.parent.glob("escape*")) and not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("dies_after", range(1, 5))
def test_a_start_that_is_killed_anywhere_is_gone_on_with(
    fake: FakeNodeOdm, tmp_path: Path, dies_after: int
) -> None:
    follow = Follow(fake, tmp_path)
    follow.dies_after = dies_after
    with pytest.raises(LeaseLostError):
        follow.start()
    follow.dies_after = None
    assert isinstance(follow.finish(), Done)
    assert follow.target.read_bytes() == b"AAABBBCCC"
    assert fake.counts["upload"] == 3 and fake.counts["commit"] == 1, "nothing is sent twice"


def _restarts(fake: FakeNodeOdm) -> None:
    fake.restart()


def _forgets(fake: FakeNodeOdm) -> None:
    fake.forget()


@pytest.mark.parametrize("happens", [_restarts, _forgets])
@pytest.mark.parametrize("dies_after", [2, 3, 4])
def test_a_server_that_starts_anew_costs_what_it_lost(
    fake: FakeNodeOdm, tmp_path: Path, dies_after: int, happens: Callable[[FakeNodeOdm], None]
) -> None:
    follow = Follow(fake, tmp_path)
    follow.dies_after = dies_after
    with pytest.raises(LeaseLostError):
        follow.start()
    happens(fake)
    follow.dies_after = None
    assert isinstance(follow.finish(), Done)
    assert follow.target.read_bytes() == b"AAABBBCCC"


def test_a_commit_that_was_kept_without_an_answer_is_not_begun_anew(
    fake: FakeNodeOdm, tmp_path: Path
) -> None:
    follow = Follow(fake, tmp_path)
    follow.dies_after = 3  # all sent, not committed
    with pytest.raises(LeaseLostError):
        follow.start()
    follow.dies_after = None
    next(iter(fake.tasks.values())).committed = True
    assert isinstance(follow.finish(), Done)
    assert len(fake.tasks) == 1


def test_what_was_sent_is_kept_now_and_then_and_where_the_server_stumbles(
    fake: FakeNodeOdm, tmp_path: Path
) -> None:
    follow = Follow(fake, tmp_path, photos=50)
    fake.faults.extend(["", "", *[""] * 44, "500"])  # info, init, 44 photos
    assert isinstance(follow.start(), Waits)
    assert [len(one.sent) for one in follow.kept] == [0, 0, 20, 40, 44]
    assert isinstance(follow.finish(), Done)
    assert fake.counts["upload"] == 51, "only the one that failed is sent twice"


def test_frames_are_called_what_they_are(fake: FakeNodeOdm, tmp_path: Path) -> None:
    follow = Follow(fake, tmp_path)
    follow.paths[1].write_bytes(b"II*\0")
    follow.start()
    (task,) = fake.tasks.values()
    assert sorted(task.images) == ["00000_DJI_0.jpg", "00001_DJI_1.tif", "00002_DJI_0.jpg"]


def test_a_failed_task_is_told_in_the_servers_words_and_removed(
    fake: FakeNodeOdm, tmp_path: Path
) -> None:
    fake.fails = "Not enough overlap\nbetween images"
    came = Follow(fake, tmp_path).finish()
    assert isinstance(came, GivenUp)
    assert "Not enough overlap between images" in came.why
    assert "[ERROR] not enough matches" in came.why and "\n" not in came.why
    assert fake.tasks == {} and len(fake.removed) == 1


@pytest.mark.parametrize("faults", [["500"], ["html", "html"], ["", "500", "", "500"]])
def test_a_server_that_stumbles_is_tried_again(
    fake: FakeNodeOdm, tmp_path: Path, faults: Sequence[str]
) -> None:
    fake.faults.extend(faults)
    follow = Follow(fake, tmp_path)
    assert isinstance(follow.finish(), Done)
    assert follow.target.read_bytes() == b"AAABBBCCC"


def test_broken_results_are_fetched_again_and_at_last_given_up(
    fake: FakeNodeOdm, tmp_path: Path
) -> None:
    fake.broken_zips = 2
    follow = Follow(fake, tmp_path)
    assert isinstance(follow.finish(), Done)
    fake.broken_zips = 99
    (tmp_path / "again").mkdir()
    came = Follow(fake, tmp_path / "again").finish()
    assert isinstance(came, GivenUp) and "broken ZIP" in came.why


def test_patience_ends(fake: FakeNodeOdm, tmp_path: Path) -> None:
    fake.looks = 10_000
    follow = Follow(fake, tmp_path)
    assert isinstance(follow.start(), Waits)
    follow.now += PATIENCE + timedelta(minutes=1)
    came = follow.start()
    assert isinstance(came, GivenUp) and "48 h" in came.why
    assert fake.tasks == {}, "it computes for nobody any more"


def test_too_many_photos_are_not_sent(fake: FakeNodeOdm, tmp_path: Path) -> None:
    fake.most_images = 2
    came = Follow(fake, tmp_path).start()
    assert isinstance(came, GivenUp) and "at most 2 photos, 3" in came.why
    assert fake.counts["upload"] == 0


def test_the_token_is_in_no_words(fake: FakeNodeOdm, tmp_path: Path) -> None:
    fake.token, fake.echo_token, fake.fails = TOKEN, True, f"bad {TOKEN}"
    told = [Follow(fake, tmp_path, token="wrong").start()]  # noqa: S106
    follow = Follow(fake, tmp_path, token=TOKEN)
    told += [follow.start(), follow.finish()]
    fake.address = "http://127.0.0.1:9"  # nobody listens
    told.append(Follow(fake, tmp_path, token=TOKEN).start())
    words = " ".join(one.why for one in told if not isinstance(one, Done))
    assert "HONGXIAN_NODEODM_TOKEN" in words and "cannot be reached" in words
    assert TOKEN not in words and "wrong" not in words
    assert TOKEN not in repr(NodeOdm(fake.address, TOKEN))
    assert TOKEN not in str([record.as_json() for record in follow.kept])


def test_a_wrong_token_is_this_machines_fault(fake: FakeNodeOdm) -> None:
    fake.token = TOKEN
    with pytest.raises(SetupError):
        NodeOdm(fake.address, "other").most_images()


@pytest.mark.parametrize(
    "address", ["", "nodeodm:3000", "ftp://a", "http://", "http://u:p@a", "http://a?token=1"]
)
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(InputError, match="HONGXIAN_NODEODM"):
        NodeOdm(address)
