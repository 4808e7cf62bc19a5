"""Which URLs may be read: those that the installation lists, and none that points elsewhere.

`HONGXIAN_REMOTE` lists prefixes, parted by commas: `https://data.example.cn/cogs/,s3://bucket/`.
Nothing remote is opened whose normalised URL lies under none of them.
"""

import os
import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from geo.errors import SceneError

REMOTE_VARIABLE = "HONGXIAN_REMOTE"
"""Environment variable that lists the prefixes."""

SCHEMES = ("https", "s3", "http")
"""What can be read; http on this machine only."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_PORTS = {"https": 443, "http": 80}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]+")
_MAX_HOST, _MAX_LABEL = 253, 63  # characters; of more no name server knows
# instance metadata of clouds that does not lie in a link-local range
_METADATA = frozenset({"100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"})
_THIS_NETWORK = ip_network("0.0.0.0/8")  # Linux takes these for this machine
_COMPATIBLE = IPv6Network("::/96")
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


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
            f"{url}: not among what may be read from elsewhere ({listed}); fetch it first, or add "
            f"its folder to {REMOTE_VARIABLE}"
        )
    return url


def listed_prefixes() -> tuple[str, ...]:
    """The prefixes of HONGXIAN_REMOTE, normalised. Raises SceneError where one is no URL."""
    listed = os.environ.get(REMOTE_VARIABLE, "").split(",")
    prefixes = []
    for number, prefix in enumerate(listed, start=1):
        try:
            if prefix.strip():
                prefixes.append(normal_url(prefix.strip()))
        except SceneError as error:
            raise SceneError(f"{REMOTE_VARIABLE}, entry {number}: {error}") from None
    return tuple(prefixes)


def redacted(name: str) -> str:
    """A name that may be a URL, for messages: without what could be a password or a signature.

    User names and all after `?` or `#` become `...`; where it is not clear which of the two it is,
    all but the scheme does.
    """
    scheme, mark, rest = name.partition("://")
    if not _SCHEME.fullmatch(scheme):
        scheme, mark, rest = "", "", name
    at = rest.rfind("@")
    end = min((rest.find(sign) for sign in "?#" if sign in rest), default=len(rest))
    if end < at:
        return f"{scheme}{mark}..."
    user, more = "...@" if at >= 0 else "", "..." if end < len(rest) else ""
    return f"{scheme}{mark}{user}{rest[at + 1 : end + 1]}{more}"


def normal_url(name: str) -> str:
    """One spelling of a URL: lower-case host, no default port.

    Raises SceneError for whatever could mean something else to whoever reads it: user names,
    queries, fragments, `..`, empty or encoded steps, backslashes.
    """
    try:
        parts = urlsplit(name)
        port = parts.port
    except ValueError:  # its text, like all after the scheme, may hold half a password
        scheme = name.partition("://")[0]
        raise SceneError(f"'{scheme}://...': not a URL, its host or port is malformed") from None
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
    elif "@" in parts.netloc:
        why = "it holds a user name or a password; keys come from the AWS_ variables"
    elif not _is_plain_host(host):
        why = "its host is not a plain name or address"
    elif "?" in name or "#" in name:
        why = "it holds a query or a fragment; signed links end up in records, so none are read"
    elif _is_devious(parts.path):
        why = "its path holds empty steps, `..`, encoded separators or control characters"
    if why:
        raise SceneError(f"{redacted(name)!r}: {why}")


def _is_plain_host(host: str) -> bool:
    labels = host.split(".")
    return (
        _HOST.fullmatch(host) is not None
        and ".." not in host
        and len(host) <= _MAX_HOST
        and max(map(len, labels)) <= _MAX_LABEL
    )


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

    Loopback, link-local and multicast addresses and the metadata of clouds, also where they are
    written into an IPv6 address, are reached only where the URL, and with it a prefix of
    HONGXIAN_REMOTE, names the address itself. Raises SceneError.
    """
    if names_itself(host, address):
        return
    found = _address(address)
    if any(_is_odd(one) for one in (found, *_within(found))):
        raise SceneError(
            f"{host}: its name leads to {found}, which is this machine or the cloud's own; refused"
        )


def names_itself(host: str, address: str) -> bool:
    """Whether a URL's host is the address it leads to, or `localhost`: then that is what is meant.

    Raises ValueError where `address` is none.
    """
    return host in {"localhost", address} or str(_address(address)) == host


def _address(text: str) -> IPv4Address | IPv6Address:
    found = ip_address(text.partition("%")[0])
    return (found.version == 6 and found.ipv4_mapped) or found


def _is_odd(found: IPv4Address | IPv6Address) -> bool:
    return (
        found.is_loopback
        or found.is_link_local
        or found.is_multicast
        or found in _THIS_NETWORK
        or found in _COMPATIBLE
        or str(found) in _METADATA
    )


def _within(found: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that gateways would make of an IPv6 one: NAT64, 6to4, Teredo."""
    if isinstance(found, IPv4Address):
        return []
    last = IPv4Address(int(found) & 0xFFFFFFFF)
    behind = [last] if any(found in network for network in _NAT64) else []
    behind += [found.sixtofour] if found.sixtofour else []
    return behind + list(found.teredo or ())
