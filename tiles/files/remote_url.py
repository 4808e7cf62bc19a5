"""Which URLs may be read: those that the installation lists, and none that points elsewhere.

`HONGXIAN_REMOTE` lists prefixes, parted by commas: `https://data.example.cn/cogs/,s3://bucket/`.
Nothing remote is opened whose normalised URL lies under none of them.
"""

import os
import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from geo.errors import SceneError

REMOTE_VARIABLE = "HONGXIAN_REMOTE"
"""Environment variable that lists the prefixes."""

SCHEMES = ("https", "s3", "http")
"""What can be read; http on this machine only."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PORTS = {"https": 443, "http": 80}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]+")
# instance metadata of clouds that does not lie in a link-local range
_METADATA = frozenset({"100.100.100.200", "192.0.0.192", "fd00:ec2::254"})


def is_remote(name: str) -> bool:
    """Whether a scene or file is named by a URL."""
    return _URL.match(name) is not None


def allowed_url(name: str) -> str:
    """The URL, normalised, of a file that may be read.

    Raises SceneError: not a plain URL, or under none of the prefixes of HONGXIAN_REMOTE.
    """
    url = normal_url(name)
    prefixes = listed_prefixes()
    if not any(_is_under(url, prefix) for prefix in prefixes):
        listed = ", ".join(prefixes) or "nothing"
        raise SceneError(
            f"{name}: not among what may be read from elsewhere ({listed}); fetch it first, or add "
            f"its folder to {REMOTE_VARIABLE}"
        )
    return url


def listed_prefixes() -> tuple[str, ...]:
    """The prefixes of HONGXIAN_REMOTE, normalised. Raises SceneError where one is no URL."""
    listed = os.environ.get(REMOTE_VARIABLE, "").split(",")
    return tuple(normal_url(prefix.strip()) for prefix in listed if prefix.strip())


def normal_url(name: str) -> str:
    """One spelling of a URL: lower-case host, no default port.

    Raises SceneError for whatever could mean something else to whoever reads it: user names,
    queries, fragments, `..`, empty or encoded steps, backslashes, blanks at the ends of parts.
    """
    try:
        parts = urlsplit(name)
        port = parts.port
    except ValueError as error:
        raise SceneError(f"{name!r}: not a URL ({error})") from None
    _check_plain(name, parts)
    host = (parts.hostname or "").lower()
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise SceneError(f"{name}: http is read on this machine only; use https")
    shown = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS.get(parts.scheme):
        shown = f"{shown}:{port}"
    return f"{parts.scheme}://{shown}{parts.path or '/'}"


def _check_plain(name: str, parts: SplitResult) -> None:
    why = None
    host = (parts.hostname or "").lower()
    if parts.scheme not in SCHEMES:
        why = f"only {', '.join(SCHEMES)} are read"
    elif not _HOST.fullmatch(host) or ".." in host:
        why = "its host is not a plain name or address"
    elif "@" in parts.netloc:
        why = "it holds a user name or a password; keys come from the AWS_ variables"
    elif "?" in name or "#" in name:
        why = "it holds a query or a fragment; signed links end up in records, so none are read"
    elif _is_devious(parts.path):
        why = "its path holds empty steps, `..`, encoded separators or control characters"
    if why:
        raise SceneError(f"{name!r}: {why}")


def _is_devious(path: str) -> bool:
    plain = unquote(path)
    steps = plain.split("/")[1:]
    return (
        bool(re.search(r"%(2f|5c|2e|25|00)", path, re.IGNORECASE))
        or any(step in {"", ".", ".."} for step in steps[:-1])
        or steps[-1:] in (["."], [".."])
        or any(ord(letter) < 32 or letter in "\\\x7f" for letter in plain)
    )


def _is_under(url: str, prefix: str) -> bool:
    """Whether a URL is the prefix or lies in it as in a folder; `/a` is no prefix of `/ab`."""
    return url == prefix or url.startswith(prefix if prefix.endswith("/") else prefix + "/")


def check_address(host: str, address: str) -> None:
    """Refuse an address that a name has no business to lead to.

    This machine, link-local addresses and metadata of clouds are reached only where the URL, and
    with it a prefix of HONGXIAN_REMOTE, names the address itself. Raises SceneError.
    """
    if host in {"localhost", address}:
        return
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if str(found) == host:
        return
    odd = found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified
    if odd or str(found) in _METADATA:
        raise SceneError(
            f"{host}: its name leads to {found}, which is this machine or the cloud's own; refused"
        )
