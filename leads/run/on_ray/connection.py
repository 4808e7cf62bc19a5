"""The way onto a Ray cluster: only with a token, and quietly."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.errors import InputError, WorkerError

_SETTINGS = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # when a node goes, ray prints pages on standard output, which belongs to our own reports
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^",
    # seconds until a wrong address or token is told
    "RAY_NUM_REDIS_GET_RETRIES": "5",
}


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """This process as a driver of the cluster at `address`, "host:port".

    None: the cluster RAY_ADDRESS names, else the one this machine is a node of. A driver must run
    on a node. Raises InputError without ray, without a token, or where nothing answers, and
    WorkerError where this process is connected already.
    """
    _check_token()
    _prepare()
    try:
        import ray  # noqa: PLC0415  (heavy, and not part of every installation)
    except ImportError:
        raise InputError(
            "ray is not installed: pip install -c constraints.txt -e '.[ray]', on every node"
        ) from None
    if ray.is_initialized():
        raise WorkerError("this process is connected to a Ray cluster already: leave that first")
    try:
        with _own_signals():
            ray.init(
                address=address or "auto",
                log_to_driver=False,
                logging_level=logging.CRITICAL,
            )
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise InputError(_why_not(address, error)) from None
    try:
        yield
    finally:
        with _own_signals():
            ray.shutdown()


def _check_token() -> None:
    mode = os.environ.get("RAY_AUTH_MODE", "token")
    if mode != "token":
        raise InputError(
            f"RAY_AUTH_MODE is {mode!r}: whoever reaches a cluster without tokens runs code on it; "
            "start its nodes with RAY_AUTH_MODE=token and set the same here"
        )
    if os.environ.get("RAY_AUTH_TOKEN"):
        return
    named = os.environ.get("RAY_AUTH_TOKEN_PATH")
    path = Path(named) if named else Path.home() / ".ray" / "auth_token"
    if not path.is_file():
        raise InputError(
            f"no token for the Ray cluster, neither in RAY_AUTH_TOKEN nor in {path}: copy the one "
            "its nodes use, or make one with `ray get-auth-token --generate`"
        )


def _prepare() -> None:
    """Set what ray reads from the environment when it is imported."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what this process does on SIGTERM: ray would put its own in place."""
    here = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if here and before is not None:
            signal.signal(signal.SIGTERM, before)


def _why_not(address: str | None, error: BaseException) -> str:
    """One line for the tower of exceptions ray raises."""
    told, cause = str(error), error.__cause__
    while cause is not None:
        told, cause = f"{told} {cause}", cause.__cause__
    where = f"the Ray cluster at {address}" if address else "the Ray cluster of this machine"
    if "token" in told.lower():
        return f"{where} refuses the token: use the one its nodes were started with"
    return (
        f"{where} does not answer ({' '.join(str(error).split())[:200]}): is it up, is the address "
        "right, and is this machine one of its nodes?"
    )
