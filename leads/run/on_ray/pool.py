"""A Ray cluster as a runner: each node's child processes under the limits of the local pool."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from leads.run.on_ray.connection import connected
from leads.run.runner import LIMITS, Runner
from tiles.limited import Limits, Outcome

if TYPE_CHECKING:
    from leads.run.on_ray.crew import Crew

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE_S = 120.0
"""How long a run waits for a node when there is none."""


@dataclass(frozen=True, slots=True)
class RayPool:
    """Runs functions on the nodes of a cluster; made by `ray_pool`.

    Functions must be importable on the nodes: the same installation on all. What a call raises is
    told as from the local pool, where it is this project's own, else as WorkerError. A call whose
    node is lost is sent to another; only after three losses it counts as failed.
    """

    crew: "Crew"
    """The nodes."""

    @property
    def processes(self) -> int:
        """Calls that the nodes now there carry out at the same time, at least 1."""
        return max(1, self.crew.processes)

    def run(self, function: Callable[..., Result], *args: object) -> Result:
        """One call on some node. Raises WorkerError, or what the function raised."""
        (result,) = self.map(partial(_spread, function), (args,))
        return result

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results in the order of `items`, with at most 2 x `processes` calls and results kept.

        The first error ends the iteration, and what is under way then: WorkerError, or what the
        function raised.
        """
        kept: dict[int, Outcome[Item, Result]] = {}
        turn = 0
        with closing(self._numbered(function, items, kept)) as outcomes:
            for number, outcome in outcomes:
                kept[number] = outcome
                while turn in kept:
                    ended = kept.pop(turn)
                    if ended.error is not None:
                        raise ended.error
                    turn += 1
                    yield cast("Result", ended.result)

    def each(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Outcome[Item, Result]]:
        """One outcome per item, as they come, with at most 2 x its processes calls on each node.

        Calls that are under way when the iteration ends early are stopped. Raises NoWorkersError
        when there is no node for a while.
        """
        with closing(self._numbered(function, items, {})) as outcomes:
            for _, outcome in outcomes:
                yield outcome

    def _numbered(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        kept: dict[int, Outcome[Item, Result]],
    ) -> Generator[tuple[int, Outcome[Item, Result]]]:
        """Outcomes as they come; those in `kept` count as calls under way."""
        from leads.run.on_ray.flight import Flight  # noqa: PLC0415 (ray)

        flight: Flight[Item, Result] = Flight(self.crew, function)
        rest = iter(items)
        try:
            while True:
                flight.fill(rest, len(kept))
                if flight.over:
                    return
                yield from flight.land()
        finally:
            flight.stop()


def _spread(function: Callable[..., Result], args: tuple[object, ...]) -> Result:
    return function(*args)


@contextmanager
def ray_pool(
    address: str | None = None,
    *,
    nodes: int | None = None,
    limits: Limits = LIMITS,
    patience_s: float = PATIENCE_S,
) -> Iterator[RayPool]:
    """The nodes of the Ray cluster at `address` ("host:port") as a runner.

    None: the cluster that RAY_ADDRESS names, else the one this machine is a node of. Takes at most
    `nodes` of them (None: all), with all their processors and GPUs. Raises InputError without ray,
    a token or a cluster, and NoWorkersError when no node takes calls for `patience_s`.
    """
    with connected(address):
        from leads.run.on_ray.crew import Crew  # noqa: PLC0415 (ray)

        crew = Crew(limits, nodes, patience_s)
        try:
            crew.muster()
            yield RayPool(crew)
        finally:
            crew.disband()


_ray: type[Runner] = RayPool
