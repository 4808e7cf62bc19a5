"""Whom we talk to: the addresses of a name, and certificates."""

import re
import socket
import ssl
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from geo.errors import SceneError
from tests.tiles.files.conftest import LOCAL
from tests.tiles.files.range_server import Served, Server, range_server
from tiles.files.open_scene import open_scene
from tiles.files.remote_object import Patience
from tiles.files.remote_url import REMOTE_VARIABLE

DAY = date(2024, 1, 1)

Address = tuple[int, int, int, str, tuple[object, ...]]


def leads_to(monkeypatch: pytest.MonkeyPatch, port: int, *addresses: str) -> None:
    found: list[Address] = []
    for address in addresses:
        six = ":" in address
        family, more = (socket.AF_INET6, (0, 0)) if six else (socket.AF_INET, ())
        found.append((family, socket.SOCK_STREAM, 6, "", (address, port, *more)))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_all_addresses_of_a_name_are_tried(
    server: Server, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the time for one connection; `localhost` may lead to where nothing listens."""
    url = f"http://localhost:{server.server_port}/cogs/a.tif"
    monkeypatch.setenv(REMOTE_VARIABLE, url)
    leads_to(monkeypatch, server.server_port, "::1", "127.0.0.2", "127.0.0.1")
    assert open_scene(url, DAY).geobox.shape == (960, 960)
    assert served.asked
    leads_to(monkeypatch, server.server_port)
    with pytest.raises(SceneError, match="has no address"):
        open_scene(url, DAY)


def test_each_address_of_a_name_is_checked(
    server: Server, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://data.example.cn:{server.server_port}/cogs/a.tif"
    monkeypatch.setenv(REMOTE_VARIABLE, url)
    leads_to(monkeypatch, server.server_port, "192.0.2.1", "127.0.0.1")
    with pytest.raises(SceneError, match=r"leads to 127\.0\.0\.1"):
        open_scene(url, DAY)
    assert served.asked == []


def test_a_name_that_leads_to_an_address_of_this_machine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing
        own = probe.getsockname()[0]
    url = f"https://data.example.cn:{server.server_port}/cogs/a.tif"
    monkeypatch.setenv(REMOTE_VARIABLE, url)
    leads_to(monkeypatch, server.server_port, own)
    with pytest.raises(SceneError, match=f"leads to {re.escape(own)}, this machine"):
        open_scene(url, DAY)


def test_over_tls_with_a_certificate_that_is_trusted(
    quick: Patience, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del quick
    certificate = certificate_for("localhost", tmp_path)
    with range_server() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.files["/cogs/a.tif"] = Served(LOCAL.read_bytes())
        url = f"https://localhost:{server.server_port}/cogs/a.tif"
        monkeypatch.setenv(REMOTE_VARIABLE, url)
        with pytest.raises(SceneError, match="certificate is not trusted"):
            open_scene(url, DAY)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert open_scene(url, DAY).geobox.shape == (960, 960)


def certificate_for(host: str, folder: Path) -> Path:
    """Key and certificate, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, *form)
    path = folder / "certificate.pem"
    path.write_bytes(text + made.public_bytes(serialization.Encoding.PEM))
    return path
