"""The one error tree.

HongxianError               the command fails (exit 1)
├── WorkerError             a child process died or ran over its limits
│   ├── ChildDiedError      it was ended by a signal, or ended itself: worth another try
│   └── NoWorkersError      no child process answers any more, whatever it is given
├── StoppedError            the work was told to stop, and goes back to the queue
├── DiskFullError           a disk that is written to has less room than is kept free
├── SourceError             a source of imagery is away, slow, or sent what cannot be: try again
│   ├── QuotaError          a metered service's budget is spent: wait, or raise it
│   └── SetupError          this machine lacks what the source needs: secrets, listed hosts, files
├── StoreError              the database is locked, full, gone or not up to date (HTTP 503)
├── ChainError              a record's hash chain is broken
├── ConflictError           somebody else was first, or the state does not allow it (409)
│   ├── TransitionError     the lead's status, or who holds it, does not allow the step (409)
│   ├── StaleError          the thing changed since it was read (412)
│   ├── HeldError           another connection writes it at this moment (423)
│   └── LeaseLostError      another worker holds the job now, or it was cancelled (409)
├── LoginError              nobody is logged in, or the log-in has run out (401)
├── ForbiddenError          this account may not do this (403)
└── InputError              what the user gave cannot be used (exit 2)
    ├── NotFoundError       no such thing, or not for this account (404)
    │   └── EndedError          it was here, and is over (410)
    ├── TooLargeError       larger than may be sent, or than the account's quota holds (413)
    ├── ChecksumError       other bytes came than the sender gave the checksum of (460)
    ├── GridError           two grids or CRSs were mixed, or a grid is impossible
    ├── DateError           a date is missing, malformed, or the two are swapped
    ├── SceneError          imagery that cannot be opened, decoded or paired
    └── LayerError          a vector layer that cannot be read or trusted

Every message is one line: what was got, where, and what to do.
"""


class HongxianError(Exception):
    """Root of every error this project raises on purpose."""

    exit_code = 1


class WorkerError(HongxianError):
    """A child process died or ran over its limits of memory or time."""


class StoppedError(HongxianError):
    """The work was told to stop before its end: it goes back to the queue as it is."""


class ChildDiedError(WorkerError):
    """A child process was ended by a signal, or ended itself: by its work, or by the machine."""


class NoWorkersError(WorkerError):
    """No child process starts or answers any more: the machine is at fault, not the work."""


class DiskFullError(HongxianError):
    """A disk that is written to has less room than is needed, or kept free."""


class SourceError(HongxianError):
    """A source of imagery is away, slow, or sent what cannot be: worth another try, later."""


class QuotaError(SourceError):
    """A metered service's budget is spent, or would be: nothing was asked of it."""


class SetupError(SourceError):
    """This machine lacks what a source needs; another may have it, and no pass is to blame."""


class StoreError(HongxianError):
    """The database is locked, full, gone or not up to date."""


class ConflictError(HongxianError):
    """Somebody else was first, or the thing's present state does not allow it."""


class TransitionError(ConflictError):
    """The lead's status, or the person who holds it, does not allow the step."""


class StaleError(ConflictError):
    """The thing changed since it was read: read it again."""


class HeldError(ConflictError):
    """Another connection writes it at this moment: worth another try."""


class LeaseLostError(ConflictError):
    """The job is no longer this worker's: nothing may be written for it."""


class ChainError(HongxianError):
    """A record's hash chain is broken: an event was changed, removed, added or moved."""


class LoginError(HongxianError):
    """Nobody is logged in, or the log-in has run out."""


class ForbiddenError(HongxianError):
    """This account may not do this."""


class InputError(HongxianError):
    """What the user gave cannot be used."""

    exit_code = 2


class NotFoundError(InputError):
    """No such thing, or not for this account to know of."""


class EndedError(NotFoundError):
    """It was here, and is over: withdrawn, expired or refused."""


class TooLargeError(InputError):
    """Larger than may be sent, or than the account's quota still holds."""


class ChecksumError(InputError):
    """Other bytes came than the sender gave the checksum of."""


class GridError(InputError):
    """Two grids or CRSs were mixed, or a grid is impossible."""


class DateError(InputError):
    """A date is missing or malformed, or the two dates are swapped."""


class SceneError(InputError):
    """Imagery that cannot be opened, decoded or paired."""


class LayerError(InputError):
    """A vector layer that cannot be read or trusted."""
