"""Run functions in spawned child processes that may not take too much memory or time.

Decoders of strangers' files crash, loop and ask for terabytes; vectorising can deadlock in threads.
So such work runs here: never forked (GDAL may be loaded), one thread each, never waited for
without end. A child that dies or overruns is told as a WorkerError; errors of this project that a
child raises come back as themselves.
"""

import os
import resource
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Generic, TypeVar

from pebble import ProcessExpired, ProcessPool

from geo.errors import ChildDiedError, HongxianError, NoWorkersError, SceneError, WorkerError
from tiles.kept_memory import keep_freed_memory

Item = TypeVar("Item")
Result = TypeVar("Result")

TOO_LARGE = 94
"""Exit code of a child that passed its bound of resident memory."""
_END = object()
_STATM = Path("/proc/self/statm")
_MB = 1 << 20
_GRACE_S = 60.0  # for starting a child and moving a result, on top of the limit
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "GDAL_NUM_THREADS": "1",
    # MB of decoded blocks; by the environment, for rasterio's Env empties the cache when it ends
    "GDAL_CACHEMAX": "128",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child process may use."""

    memory_mb: int = 4096
    """Address space in MB (RLIMIT_AS): counts what is reserved, not only what is touched."""
    resident: bool = False
    """Count only what is touched, looked at ten times a second: for a GPU's driver, which reserves
    far more addresses than there is memory. A process that passes it is ended."""
    seconds: float = 120.0
    """Wall-clock time of one call, from its start in the child."""
    written_mb: int = 64
    """Largest file it may write: most decoders write none. Pipes are not counted."""

    def __post_init__(self) -> None:
        if self.memory_mb < 1 or self.seconds <= 0:
            raise WorkerError(f"limits of {self.memory_mb} MB and {self.seconds} s: need more")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Item, Result]):
    """What became of one call of many: a result, or why there is none."""

    item: Item
    """What the function was called with."""
    result: Result | None
    """What it returned; None where it failed."""
    error: HongxianError | None = None
    """Why it failed: WorkerError where the child died, ran over its limits, or met a bug."""


STALLED_S, STILL_CPU_S, LOOK_S = 60.0, 0.1, 2.0
"""Children that in so many seconds end no call and use no more processor time stand still; it is
looked at this often. A read over a network that waits so long is tried again."""
STOOD_STILL = ChildDiedError("the child processes stood still and were replaced")
RENEWALS = 3
"""Pools of which no child came to give a result, one after another, before it is given up."""


@dataclass(slots=True)
class LimitedPool:
    """Child processes under limits; made by `limited_pool`, which ends them."""

    processes: int
    """How many there are."""
    limits: Limits
    """What each call may use."""
    _pool: ProcessPool = field(init=False)
    _fruitless: int = field(default=0, init=False)
    _broken: threading.Event = field(default_factory=threading.Event, init=False)
    _renewing: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._pool = self._new()

    def _new(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self.processes,
            initializer=_settle,
            initargs=(self.limits, os.getpid()),
            context=get_context("spawn"),
        )

    def end(self) -> None:
        """Stop what is under way; no process is left afterwards."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def run(self, function: Callable[..., Result], *args: object) -> Result:
        """One call in a child. Raises WorkerError, or what the function raised."""
        return self._result(self._submit(function, args))

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results in the order of `items`, with at most 2 x `processes` calls under way.

        The first error ends the iteration: WorkerError, or what the function raised. Calls that are
        under way when the iteration ends early are stopped.
        """
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(self._submit(function, (item,)))
                if len(waiting) >= 2 * self.processes:
                    yield self._result(waiting.popleft())
            while waiting:
                yield self._result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()

    def each(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Outcome[Item, Result]]:
        """One outcome per item, as they come, with at most 2 x `processes` calls under way.

        An item whose call fails does not disturb the others. Calls that are under way when the
        iteration ends early are stopped. Raises WorkerError only where no child answers any more.
        """
        waiting: dict[Future[Result], Item] = {}
        rest = iter(items)
        try:
            while True:
                while len(waiting) < 2 * self.processes and (item := next(rest, _END)) is not _END:
                    waiting[self._submit(function, (item,))] = item  # type: ignore[assignment]
                if not waiting:
                    return
                done = self._ended(waiting)
                for future in done:
                    yield self._outcome(future, waiting.pop(future))
                if not done:
                    lost, waiting = waiting, {}
                    yield from (Outcome(item, None, STOOD_STILL) for item in lost.values())
        finally:
            for future in waiting:
                future.cancel()

    def _ended(self, waiting: Collection[Future[Result]]) -> set[Future[Result]]:
        """Calls that have ended; none where all children stood still and had to be replaced.

        A child that is killed while it takes up a call, or hands a result over, leaves the others
        waiting for a lock that nobody holds.
        """
        worked, since = children_cpu_s(), time.monotonic()
        while True:
            done, _ = wait(waiting, LOOK_S, FIRST_COMPLETED)
            if done:
                return done
            now = children_cpu_s()
            if abs(now - worked) > STILL_CPU_S:  # less where one ended
                worked, since = now, time.monotonic()
            elif time.monotonic() - since > STALLED_S:
                self._pool.stop()  # type: ignore[no-untyped-call]
                self._renew()
                return set()

    def _outcome(self, future: Future[Result], item: Item) -> Outcome[Item, Result]:
        try:
            return Outcome(item, self._result(future))
        except HongxianError as error:
            if self._broken.is_set():
                raise
            return Outcome(item, None, error)
        except Exception as error:  # noqa: BLE001  (whatever it is, the other items go on)
            return Outcome(item, None, as_worker_error(error))

    @property
    def _patience(self) -> float:
        """Seconds until a call must have ended: a queued one waits for at most two others.

        It only matters when a child dies in a way its pool does not see (while it takes up a
        call): better an error than a hang.
        """
        return 3 * self.limits.seconds + _GRACE_S

    def _submit(self, function: Callable[..., Result], args: tuple[object, ...]) -> Future[Result]:
        if self._broken.is_set():
            raise NoWorkersError("the child processes were ended after they stopped answering")
        if not self._pool.active:  # an idle child was ended
            self._renew()
        future: Future[Result] = self._pool.schedule(
            _guarded, args=(function, args, self.limits.memory_mb), timeout=self.limits.seconds
        )
        return future

    def _result(self, future: Future[Result]) -> Result:
        patience = 0.0 if future.done() else self._patience
        try:
            result = future.result(timeout=patience)
        except ProcessExpired as error:
            if error.exitcode == TOO_LARGE:
                raise WorkerError(_needs_more(self.limits.memory_mb)) from None
            raise ChildDiedError(f"a child process {_how_it_died(error.exitcode)}") from None
        except (TimeoutError, FutureTimeoutError):
            if not future.done():
                self._broken.set()
                raise NoWorkersError(f"a child process gave no answer in {patience:g} s") from None
            raise WorkerError(
                f"a child process took longer than {self.limits.seconds:g} s and was ended"
            ) from None
        except BrokenProcessPool:
            if not self._pool.active:  # else a call before this one saw to it
                self._renew()
            raise ChildDiedError("a child process died while it was starting") from None
        self._fruitless = 0
        return result

    def _renew(self) -> None:
        """New processes for those that broke, as they do when one dies while it starts.

        Raises NoWorkersError where several pools broke one after another without a result.
        """
        with self._renewing:
            if self._pool.active:  # another thread saw to it
                return
            self.end()
            self._fruitless += 1
            if self._fruitless >= RENEWALS:
                self._broken.set()
                raise NoWorkersError(
                    f"the child processes do not start within {self.limits.memory_mb} MB: "
                    "allow more memory"
                ) from None
            self._pool = self._new()


def children_cpu_s() -> float:
    """Processor seconds of the living children of this process."""
    ticks = 0
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError, ValueError):
            for child in (task / "children").read_text().split():
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def as_worker_error(error: Exception) -> WorkerError:
    """A bug, or a library's own error, that one call met: told in a line."""
    return WorkerError(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


@contextmanager
def limited_pool(processes: int, limits: Limits | None = None) -> Iterator[LimitedPool]:
    """Child processes for several calls; all are gone when the block is left, however it is."""
    limits = limits or Limits()
    with _environment(_ENVIRONMENT):
        pool = LimitedPool(processes, limits)
        try:
            yield pool
        finally:
            pool.end()


def run_limited(
    function: Callable[..., Result], *args: object, limits: Limits | None = None
) -> Result:
    """Call `function(*args)` in one child process of its own.

    Function, arguments and result must be picklable. Raises WorkerError when the child dies or
    passes `limits`, and whatever the function raised.
    """
    with limited_pool(1, limits) as pool:
        return pool.run(function, *args)


def limited_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    processes: int,
    limits: Limits | None = None,
) -> Iterator[Result]:
    """`function(item)` for each item in `processes` children, in order; see `LimitedPool.map`."""
    with limited_pool(processes, limits) as pool:
        yield from pool.map(function, items)


@contextmanager
def blaming(source: str) -> Iterator[None]:
    """Turn a WorkerError into a SceneError that names `source`, the file that was decoded.

    Not where no child answers any more, which no file is to blame for.
    """
    try:
        yield
    except NoWorkersError:
        raise
    except WorkerError as error:
        raise SceneError(
            f"{source}: decoding it failed, {error}; the file is broken or not an image"
        ) from None


def _guarded(function: Callable[..., Result], args: tuple[object, ...], memory_mb: int) -> Result:
    try:
        return function(*args)
    except MemoryError:
        raise WorkerError(_needs_more(memory_mb)) from None


def _needs_more(memory_mb: int) -> str:
    return f"a child process needs more than {memory_mb} MB"


def _settle(limits: Limits, parent: int) -> None:
    """Bring a fresh child under its limits: memory, files, core dumps, threads, stderr, parent."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # what a dying decoder prints is no use to anyone; the exit code is told
    os.close(quiet)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt ends
    os.environ.update(_ENVIRONMENT)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, limits.written_mb * _MB)
    if not limits.resident:
        _lower(resource.RLIMIT_AS, limits.memory_mb * _MB)
    bound = limits.memory_mb * _MB if limits.resident else None
    threading.Thread(target=_watch, args=(parent, bound), daemon=True).start()
    keep_freed_memory()
    _one_opencv_thread()


def _one_opencv_thread() -> None:
    import cv2  # noqa: PLC0415  (only in the child, after its limits hold)

    cv2.setNumThreads(1)


def _lower(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _watch(parent: int, resident_bytes: int | None) -> None:
    """End this process soon after its parent is gone, however that went, or when it is too large.

    A process in a call that holds the interpreter is looked at when the call is over.
    """
    page = resource.getpagesize()
    while os.getppid() == parent:
        if resident_bytes and int(_STATM.read_text().split()[1]) * page > resident_bytes:
            os._exit(TOO_LARGE)
        time.sleep(0.1 if resident_bytes else 1.0)
    os._exit(1)


def _how_it_died(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended by itself with code {exit_code}"
    name = str(-exit_code)
    with suppress(ValueError):
        name = signal.Signals(-exit_code).name
    return f"was ended by signal {name}"


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Hand `values` down to children that start meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
