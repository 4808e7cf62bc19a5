"""Runners: where the work of a run happens. By the law of the plan, all give the same result."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Protocol, TypeVar

from geo.errors import ChildDiedError, HongxianError
from tiles.limited import LimitedPool, Limits, Outcome, as_worker_error, limited_pool

Item = TypeVar("Item")
Result = TypeVar("Result")

LIMITS = Limits(memory_mb=4096, seconds=300)
"""What one tile, one probe or one survey may use."""
GPU_FILES = ("/dev/nvidiactl", "/dev/dxg")
"""One of them is there where a GPU can be used: Linux, and Linux inside Windows."""


class Runner(Protocol):
    """Runs functions of picklable values."""

    @property
    def processes(self) -> int:
        """Calls that are carried out at the same time."""
        ...

    def run(self, function: Callable[..., Result], *args: object) -> Result:
        """One call."""
        ...

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """One call per item; results in the order of the items; the first error ends it."""
        ...

    def each(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Outcome[Item, Result]]:
        """One outcome per item, as they come; a call that fails does not disturb the others."""
        ...


DEATHS = 3
"""A call whose child dies so often is to blame for it."""


def run_surely(runner: Runner, function: Callable[..., Result], *args: object) -> Result:
    """One call, tried again where its child died: by chance, or ended by the machine.

    Raises as `Runner.run`.
    """
    for _ in range(DEATHS - 1):
        with suppress(ChildDiedError):
            return runner.run(function, *args)
    return runner.run(function, *args)


class Inline:
    """Everything in this process, without limits: for imagery you made yourself, and for tests."""

    processes = 1

    def run(self, function: Callable[..., Result], *args: object) -> Result:
        """Call it."""
        return function(*args)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Call it for each."""
        return map(function, items)

    def each(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Outcome[Item, Result]]:
        """Call it for each."""
        for item in items:
            try:
                outcome = Outcome(item, function(item))
            except HongxianError as error:
                outcome = Outcome(item, None, error)
            except Exception as error:  # noqa: BLE001 (as in a pool: the other items go on)
                outcome = Outcome(item, None, as_worker_error(error))
            yield outcome


def pool(processes: int | None = None) -> AbstractContextManager[LimitedPool]:
    """Limited child processes of one thread each, by default one per processor we may use."""
    return limited_pool(processes or len(os.sched_getaffinity(0)), for_this_machine(LIMITS))


def for_this_machine(limits: Limits) -> Limits:
    """The same by touched memory where there is a GPU: its driver reserves far more addresses."""
    return replace(limits, resident=limits.resident or any(map(os.path.exists, GPU_FILES)))


_inline: type[Runner] = Inline
_pool: type[Runner] = LimitedPool
