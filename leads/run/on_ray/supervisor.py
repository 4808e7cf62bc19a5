"""What runs on a node: an actor that owns limited child processes and passes calls on to them.

The actor moves bytes and never looks inside, so it stays small and outlives whatever its children
meet. It imports no ray: `leads.run.on_ray.crew` makes an actor of it.
"""

import os
import pickle
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from geo.errors import HongxianError
from leads.run.runner import for_this_machine
from leads.version import VERSION
from tiles.limited import Limits, limited_pool


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a node says of itself before it is given work."""

    version: str
    """The version of this project that is installed there."""
    pid: int
    """The actor's process."""


class Supervisor:
    """Owns the child processes of one node, or of one GPU of it."""

    def __init__(self, processes: int, limits: Limits) -> None:
        """Make the pool; its children start with the first call."""
        # a spawned child runs its parent's main file again, which here is Ray's worker: a second
        # of processor time and 100 MB for nothing
        vars(sys.modules["__main__"]).pop("__file__", None)
        self._open = ExitStack()
        self._pool = self._open.enter_context(limited_pool(processes, for_this_machine(limits)))

    def greet(self) -> Greeting:
        """Show that a child starts. Raises WorkerError where none does."""
        self._pool.run(os.getpid)
        return Greeting(VERSION, os.getpid())

    def call(self, function: bytes, item: bytes) -> tuple[bytes | None, HongxianError | None]:
        """One call in a child: the pickled result, or why there is none.

        Raises WorkerError only where the children no longer answer: this actor is of no more use.
        """
        (outcome,) = self._pool.each(_call, [(function, item)])
        return outcome.result, outcome.error


def _call(pickled: tuple[bytes, bytes]) -> bytes:
    function, item = pickled
    return pickle.dumps(_function(function)(pickle.loads(item)))  # noqa: S301  (our driver's)


@lru_cache(maxsize=1)
def _function(pickled: bytes) -> Any:  # noqa: ANN401  (any picklable function)
    """The function of a run, unpickled once per child and not once per call."""
    return pickle.loads(pickled)  # noqa: S301  (of our own driver, which showed the token)
