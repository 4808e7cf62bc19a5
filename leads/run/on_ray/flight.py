"""Calls under way on a cluster: sent to the freest node, sent again when a node is lost."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pickle import dumps, loads
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

import ray

from geo.errors import ChildDiedError, HongxianError
from leads.run.on_ray.crew import POLL_S, Crew, Hand, in_short
from tiles.limited import Outcome

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_LOSSES = 3
"""So often a call is sent again because what carried it out was lost."""

_Answer = tuple[bytes | None, HongxianError | None]


@dataclass(slots=True)
class _Call(Generic[Item]):
    number: int
    item: Item
    losses: int = 0


class Flight(Generic[Item, Result]):
    """The calls of one function for many items, at most 2 x its processes on each node."""

    def __init__(self, crew: Crew, function: Callable[[Item], Result]) -> None:
        """Hand the function to the cluster, once for all calls."""
        self._crew = crew
        crew.be_patient()
        self._function = ray.put(dumps(function))
        self._again: deque[_Call[Item]] = deque()
        self._waiting: dict[int, tuple[_Call[Item], Hand]] = {}
        self._on: Counter[Hand] = Counter()
        self._landed: SimpleQueue[tuple[int, Hand, Future[_Answer]]] = SimpleQueue()
        self._taken = 0
        self._all_taken = False

    @property
    def over(self) -> bool:
        """Whether all items were taken and nothing is under way."""
        return self._all_taken and not self._waiting and not self._again

    def fill(self, items: Iterator[Item], kept: int = 0) -> None:
        """Send calls while nodes have room, as if `kept` results were calls under way too.

        Takes no item before there is room for it. Raises what `Crew.look` raises.
        """
        self._crew.look()
        while (hand := self._freest()) is not None:
            if self._again:
                self._send(self._again.popleft(), hand)
                continue
            if len(self._waiting) + kept >= 2 * self._crew.processes:
                return
            self._all_taken = True
            for item in items:
                self._all_taken = False
                self._send(_Call(self._taken, item), hand)
                self._taken += 1
                break
            if self._all_taken:
                return

    def land(self) -> Iterator[tuple[int, Outcome[Item, Result]]]:
        """The outcomes that came since, numbered by their items; waits a moment for the first."""
        wait_s: float | None = POLL_S
        while True:
            try:
                number, hand, future = self._landed.get(block=wait_s is not None, timeout=wait_s)
            except Empty:
                return
            wait_s = None
            call, _ = self._waiting.pop(number)
            self._on[hand] -= 1
            outcome = self._outcome(call, hand, future)
            if outcome is not None:
                yield number, outcome

    def stop(self) -> None:
        """End what is under way."""
        for hand in {hand for _, hand in self._waiting.values()}:
            self._crew.dismiss(hand)

    def _freest(self) -> Hand | None:
        hands = [hand for hand in self._crew.hands if self._on[hand] < 2 * hand.processes]
        return min(hands, key=lambda hand: self._on[hand] / hand.processes, default=None)

    def _send(self, call: _Call[Item], hand: Hand) -> None:
        self._waiting[call.number] = call, hand
        self._on[hand] += 1
        answer = hand.actor.call.remote(self._function, dumps(call.item)).future()
        answer.add_done_callback(lambda future: self._landed.put((call.number, hand, future)))

    def _outcome(
        self, call: _Call[Item], hand: Hand, future: "Future[_Answer]"
    ) -> Outcome[Item, Result] | None:
        """None where the call is to be sent again."""
        lost = future.exception()
        if lost is None:
            self._crew.forgive(hand.place)
            result, error = future.result()
            return Outcome(call.item, None if result is None else loads(result), error)  # noqa: S301
        self._crew.lose(hand, in_short(lost))
        call.losses += 1
        if call.losses < MAX_LOSSES:
            self._again.append(call)
            return None
        told = f"what carried it out was lost {call.losses} times, last: {in_short(lost)}"
        return Outcome(call.item, None, ChildDiedError(told))
