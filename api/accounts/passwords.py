"""Passwords: argon2id, a least length, and no more hashing at once than memory allows."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from geo.errors import InputError, StoreError

LEAST, MOST = 10, 256
"""Characters of a password: length counts more than mixed signs (NIST SP 800-63B 5.1.1.2)."""

AT_ONCE = 4
"""Hashes worked out at the same time: each takes 64 MiB (RFC 9106, second recommended option)."""
PATIENCE_S = 10.0
"""How long a log-in waits for its turn."""

_hasher = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65_536, parallelism=4),))
_turns = BoundedSemaphore(AT_ONCE)

NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$SG9uZ3hpYW5Ob2JvZHk$" + "A" * 43
"""A hash no password has: checked for unknown accounts, so that they answer as slowly."""


def hash_password(password: str) -> str:
    """The hash to store. Raises InputError for a password that is too short or too long."""
    if not LEAST <= len(password) <= MOST:
        raise InputError(f"password of {len(password)} characters: give {LEAST} to {MOST}")
    with _a_turn():
        return _hasher.hash(_bytes(password))


def is_password(password: str, password_hash: str) -> bool:
    """Whether a password has this hash; takes the same time either way."""
    if len(password) > MOST:
        password = password[:MOST] + "?"
    with _a_turn():
        return _hasher.verify(_bytes(password), password_hash)


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


@contextmanager
def _a_turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE_S):
        raise StoreError("too many people log in at this moment: try again in a few seconds")
    try:
        yield
    finally:
        _turns.release()
