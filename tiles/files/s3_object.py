"""An object in an S3 bucket, read by ranges through obstore.

Keys, region and endpoint come from the usual AWS_ variables (`AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL_S3`...). Without keys requests go unsigned.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from geo.errors import SceneError
from tiles.files.remote_object import Patience, Piece, Stamp, check_size, replaced

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

MAX_STORES = 8
"""Buckets whose connections are kept."""

_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_stores: OrderedDict[tuple[str, Patience], "S3Store"] = OrderedDict()


class S3Object:
    """An object at `s3://BUCKET/KEY`."""

    def __init__(self, url: str, patience: Patience) -> None:
        parts = urlsplit(url)
        self._url = url
        self._bucket = parts.netloc
        self._key = parts.path.removeprefix("/")
        self._patience = patience
        self._tag: str | None = None

    @property
    def url(self) -> str:
        """Its normalised URL."""
        return self._url

    def get(self, start: int, stop: int) -> Piece:
        """Bytes of a range; obstore tries again where a fault may pass. Raises SceneError."""
        import obstore  # noqa: PLC0415  (its runtime starts threads: only where S3 is read)
        from obstore import exceptions  # noqa: PLC0415

        options: GetOptions = {"range": (start, stop)}
        if self._tag is not None:
            options["if_match"] = self._tag
        try:
            result = obstore.get(_store(self._bucket, self._patience), self._key, options=options)
            meta, (first, last) = result.meta, result.range
            data = bytes(result.bytes())
        except exceptions.PreconditionError:
            raise replaced(self._url) from None
        except (FileNotFoundError, exceptions.NotFoundError):
            raise SceneError(f"{self._url}: there is no such object") from None
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
            raise SceneError(
                f"{self._url}: it may not be read with the keys of the AWS_ variables"
            ) from None
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise SceneError(f"{self._url}: it cannot be read ({_told(error)})") from None
        check_size(self._url, meta["size"])
        if (first, last) != (start, min(stop, meta["size"])) or len(data) != last - first:
            raise SceneError(f"{self._url}: the server answers with other bytes than asked for")
        self._tag = meta.get("e_tag")
        return Piece(data, Stamp(meta["size"], self._tag or str(meta["last_modified"])))


def list_objects(url: str, patience: Patience) -> Iterator[tuple[str, int, datetime]]:
    """(key below the prefix, bytes, last writing in UTC) of the objects under `s3://BUCKET/PREFIX/`.

    Raises SceneError where the bucket cannot be listed.
    """
    import obstore  # noqa: PLC0415  (its runtime starts threads: only where S3 is read)
    from obstore import exceptions  # noqa: PLC0415

    parts = urlsplit(url)
    prefix = parts.path.removeprefix("/")
    try:
        for page in obstore.list(_store(parts.netloc, patience), prefix or None):
            for meta in page:
                key = meta["path"].removeprefix(prefix)
                yield key, meta["size"], meta["last_modified"].astimezone(UTC)
    except (exceptions.BaseError, OSError, ValueError) as error:
        raise SceneError(f"{url}: it cannot be listed ({_told(error)})") from None


def _store(bucket: str, patience: Patience) -> "S3Store":
    """The bucket, with its connections; made once per process."""
    key = (bucket, patience)
    if key not in _stores:
        _stores[key] = open_bucket(bucket, patience)
        while len(_stores) > MAX_STORES:
            _stores.popitem(last=False)
    _stores.move_to_end(key)
    return _stores[key]


def open_bucket(bucket: str, patience: Patience) -> "S3Store":
    """A bucket, with what the AWS_ variables say; connects on first use."""
    # one thread: each reserves address space, which child processes have little of
    os.environ.setdefault("TOKIO_WORKER_THREADS", "1")
    from obstore.store import S3Store  # noqa: PLC0415

    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
    # without keys obstore would ask the machine's metadata service for some, and wait for it
    signed = any(os.environ.get(name) for name in _CREDENTIALS)
    options: dict[str, Any] = {} if signed else {"skip_signature": True}
    if endpoint:
        options |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
    return S3Store(
        bucket,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=patience.connect_s),
            "read_timeout": timedelta(seconds=patience.read_s),
            "timeout": timedelta(seconds=patience.request_s),
        },
        retry_config={
            "max_retries": patience.tries - 1,
            "retry_timeout": timedelta(seconds=patience.tries * patience.request_s),
            "backoff": {
                "init_backoff": timedelta(seconds=patience.first_wait_s),
                "max_backoff": timedelta(seconds=patience.most_wait_s),
                "base": 2,
            },
        },
        **options,
    )


def _told(error: BaseException) -> str:
    """The first line: below it obstore prints its insides."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
