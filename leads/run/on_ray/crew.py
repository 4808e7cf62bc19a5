"""The nodes of a cluster that take calls: taken up when they join, given up when they go."""

import re
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from geo.errors import InputError, NoWorkersError
from leads.run.on_ray.supervisor import Greeting, Supervisor
from leads.version import VERSION
from tiles.limited import Limits

LOOK_S = 2.0
"""Seconds between two looks at which nodes there are."""
POLL_S = 0.1
"""Seconds between two looks at whether those that start are ready."""
_COLOUR = re.compile(r"\x1b\[\d*m")
_SPARE_THREADS = 2  # of a supervisor, beside those that wait for calls
_LONGEST_REST_S = 60.0
_STRAGGLERS_S = 15.0
_FAILED_STARTS = 3  # at each place; by then a cluster that never took a call is told as unfit


@dataclass(frozen=True, slots=True)
class Place:
    """Where a supervisor is."""

    node: str
    """Ray's id of the node."""
    gpu: int | None
    """One supervisor per GPU where the node has any: Ray shows each its own and no other."""


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One supervisor on a node."""

    place: Place
    """Where it is."""
    processes: int
    """Calls it carries out at the same time."""
    actor: Any
    """Ray's handle of it."""
    greeting: "Future[Greeting]"
    """Done when its children start."""


@dataclass(slots=True)
class _Rest:
    """How long a place whose supervisor died is left alone."""

    seconds: float = 1.0
    until: float = 0.0


@dataclass(slots=True)
class Crew:
    """All supervisors of one driver; made inside `connected`."""

    limits: Limits
    """What each call may use."""
    nodes: int | None
    """How many nodes are taken at most; None: all of them."""
    patience_s: float
    """How long to wait for a node when there is none."""
    _ready: dict[Place, Hand] = field(default_factory=dict)
    _starting: dict[Place, Hand] = field(default_factory=dict)
    _rests: dict[Place, _Rest] = field(default_factory=dict)
    _looked: float = float("-inf")
    _last_ready: float = field(default_factory=monotonic)
    _trouble: str = "no node with a processor is alive"
    _failed_starts: int = 0
    _never_ready: bool = True
    _on_gpus: bool = False

    @property
    def hands(self) -> list[Hand]:
        """Those that take calls now."""
        return list(self._ready.values())

    @property
    def processes(self) -> int:
        """Calls they carry out at the same time."""
        return sum(hand.processes for hand in self._ready.values())

    def muster(self) -> None:
        """Wait until the nodes there are take calls. Raises as `look` does."""
        until = monotonic() + self.patience_s
        while not self._ready or (self._starting and monotonic() < until):
            self.look()
            sleep(POLL_S)

    def be_patient(self) -> None:
        """Work begins: whatever became of the nodes while there was none does not count."""
        self._last_ready = monotonic()

    def look(self) -> None:
        """See, every few seconds, which nodes came, went or are ready.

        Raises NoWorkersError when none took calls for `patience_s`, or all fail to start from the
        beginning, and InputError for a node that has another version installed.
        """
        now = monotonic()
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._follow(dict(self._places()), now)
        for hand in [hand for hand in self._starting.values() if hand.greeting.done()]:
            self._welcome(hand)
        if self._ready:
            self._last_ready = now
            return
        unfit = self._never_ready and self._failed_starts >= _FAILED_STARTS * len(self._rests) > 0
        if unfit or now - self._last_ready > self.patience_s:
            raise NoWorkersError(
                "the Ray cluster takes no calls: are all its nodes up, started with "
                "RAY_AUTH_MODE=token and this token, with the same installation, and not taken by "
                f"another driver? Last: {self._trouble}"
            )

    def lose(self, hand: Hand, why: str) -> None:
        """End a supervisor that died or is of no more use; another starts there after a rest."""
        if self._end(hand):
            rest = self._rests.setdefault(hand.place, _Rest())
            rest.until = monotonic() + rest.seconds
            rest.seconds = min(2 * rest.seconds, _LONGEST_REST_S)
            self._trouble = why

    def forgive(self, place: Place) -> None:
        """A call ended well there: what happened before no longer counts."""
        self._rests.pop(place, None)

    def dismiss(self, hand: Hand) -> None:
        """End what is under way there; another supervisor takes its place with the next look."""
        if self._end(hand):
            self._looked = float("-inf")

    def disband(self) -> None:
        """End all of them."""
        for hand in [*self._ready.values(), *self._starting.values()]:
            self._end(hand)

    def _end(self, hand: Hand) -> bool:
        """Whether it was one of ours until now."""
        for hands in (self._ready, self._starting):
            if hands.get(hand.place) is hand:
                del hands[hand.place]
                ray.kill(hand.actor)
                return True
        return False

    def _follow(self, wanted: dict[Place, int], now: float) -> None:
        for hand in [*self._ready.values(), *self._starting.values()]:
            if hand.place not in wanted:
                self.lose(hand, "its node went")
        for place, processes in wanted.items():
            rest = self._rests.get(place)
            there = place in self._ready or place in self._starting
            if not there and (rest is None or now >= rest.until):
                self._starting[place] = self._hire(place, processes)

    def _places(self) -> Iterator[tuple[Place, int]]:
        """Where a supervisor should be, and of how many processes.

        A plan fixes one device, so all nodes are of one kind: with GPUs if any had one at first.
        """
        known: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        resources = {node["NodeID"]: node["Resources"] for node in known if node["Alive"]}
        gpus_of = {
            node: min(int(has.get("GPU", 0)), int(has["CPU"]))
            for node, has in resources.items()
            if has.get("CPU", 0) >= 1
        }
        if self._never_ready:  # from the first that is ready on, the kind is settled
            self._on_gpus = any(gpus_of.values())
        alike = sorted(node for node, gpus in gpus_of.items() if bool(gpus) == self._on_gpus)
        for node in alike[: self.nodes]:
            cpus, gpus = int(resources[node]["CPU"]), gpus_of[node]
            for gpu in range(gpus):
                yield Place(node, gpu), cpus // gpus
            if not gpus:
                yield Place(node, None), cpus

    def _hire(self, place: Place, processes: int) -> Hand:
        supervisor: Any = ray.remote(Supervisor)
        actor = supervisor.options(
            num_cpus=processes,
            num_gpus=0 if place.gpu is None else 1,
            max_concurrency=2 * processes + _SPARE_THREADS,
            scheduling_strategy=NodeAffinitySchedulingStrategy(place.node, soft=False),
        ).remote(processes, self.limits)
        return Hand(place, processes, actor, actor.greet.remote().future())

    def _welcome(self, hand: Hand) -> None:
        error = hand.greeting.exception()
        if error is not None:
            self._failed_starts += 1
            self.lose(hand, in_short(error))
            return
        greeting = hand.greeting.result()
        if greeting.version != VERSION:
            told = (
                f"a node of the Ray cluster has hongxian {greeting.version}, this machine "
                f"{VERSION}: install the same on all"
            )
            if self._never_ready:
                raise InputError(told)
            self._failed_starts += 1  # it joined a run that others carry: they go on without it
            self.lose(hand, told)
            return
        del self._starting[hand.place]
        self._ready[hand.place] = hand
        self._never_ready = False


def in_short(error: BaseException) -> str:
    """One line of a message of Ray's: how it begins, and its end, where the cause is."""
    told = " ".join(_COLOUR.sub("", str(error)).split())
    return told if len(told) <= 400 else f"{told[:150]} ... {told[-240:]}"
