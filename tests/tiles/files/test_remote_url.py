"""Nothing is read from elsewhere that the installation did not list, however it is spelt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import SceneError
from tiles.files.remote_url import (
    REMOTE_VARIABLE,
    allowed_url,
    check_address,
    is_remote,
    normal_url,
    redacted,
)

LISTED = "https://data.example.cn/cogs/, s3://bucket/pass, https://a.example.cn:8443"


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REMOTE_VARIABLE, LISTED)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("https://data.example.cn/cogs/a.tif", "https://data.example.cn/cogs/a.tif"),
        ("HTTPS://Data.Example.CN:443/cogs/影像/a.tif", "https://data.example.cn/cogs/影像/a.tif"),
        ("s3://bucket/pass/2024/a.tif", "s3://bucket/pass/2024/a.tif"),
        ("https://a.example.cn:8443/x/y.tif", "https://a.example.cn:8443/x/y.tif"),
    ],
)
def test_what_lies_under_a_prefix_is_allowed(name: str, url: str) -> None:
    assert allowed_url(name) == url == normal_url(url)


@pytest.mark.parametrize(
    "name",
    [
        "https://data.example.cn/cogs2/a.tif",
        "https://data.example.cn/cog",
        "https://data.example.cn.evil.org/cogs/a.tif",
        "https://data.example.cn:444/cogs/a.tif",
        "https://a.example.cn/x.tif",
        "s3://bucket/password/a.tif",
        "s3://bucket2/pass/a.tif",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_what_lies_under_none_is_not(name: str) -> None:
    with pytest.raises(SceneError, match=f"add its folder to {REMOTE_VARIABLE}"):
        allowed_url(name)


@pytest.mark.parametrize(
    "name",
    [
        "https://data.example.cn/cogs/../secret/a.tif",
        "https://data.example.cn/cogs/%2e%2e/a.tif",
        "https://data.example.cn/cogs/..%2fa.tif",
        "https://data.example.cn/cogs/%252e%252e/a.tif",
        "https://data.example.cn/cogs/..",
        "https://data.example.cn/cogs//a.tif",
        "https://data.example.cn/cogs/.\\..\\a.tif",
        "https://data.example.cn/cogs/a.tif?sig=1",
        "https://data.example.cn/cogs/a.tif#x",
        "https://data.example.cn@evil.org/cogs/a.tif",
        "https://me:secret@data.example.cn/cogs/a.tif",
        "https://data.example.cn:99999/cogs/a.tif",
        "https://data.example.cn\\@evil.org/cogs/a.tif",
        "https://data.example.cn/cogs/a\x00.tif",
        "https:///cogs/a.tif",
        "https://数据.cn/cogs/a.tif",
        "http://data.example.cn/cogs/a.tif",
        "ftp://data.example.cn/cogs/a.tif",
        f"https://{'a' * 64}.cn/cogs/a.tif",
        f"https://{'a.' * 130}cn/cogs/a.tif",
        "zip+https://data.example.cn/cogs/a.tif",
        "file:///etc/passwd",
    ],
)
def test_devious_urls_are_refused_even_under_a_prefix(name: str) -> None:
    assert is_remote(name)
    with pytest.raises(SceneError) as caught:
        allowed_url(name)
    assert REMOTE_VARIABLE not in str(caught.value) and "\n" not in str(caught.value)


def test_without_the_setting_nothing_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REMOTE_VARIABLE)
    with pytest.raises(SceneError, match="nothing"):
        allowed_url("https://data.example.cn/cogs/a.tif")


def test_a_bad_prefix_is_told_and_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REMOTE_VARIABLE, "https://")
    with pytest.raises(SceneError, match="host"):
        allowed_url("https://data.example.cn/cogs/a.tif")


@given(st.text(alphabet="abc./%2eEfF5cC\\@:?#~é影 ", max_size=20))
def test_whatever_is_appended_stays_below(text: str) -> None:
    """Law: an allowed URL, read as a path by anyone, lies in the listed folder."""
    try:
        url = allowed_url(f"https://data.example.cn/cogs/{text}")
    except SceneError:
        return
    assert url.startswith("https://data.example.cn/cogs/")
    steps = url.removeprefix("https://").split("/")[1:]
    assert not {".", ".."} & set(steps) and "" not in steps[:-1]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "::",
        "169.254.169.254",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "100.100.100.200",
        "fd00:ec2::254",
        "fd20:ce::254",
        "0.1.2.3",
        "::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
    ],
)
def test_a_name_may_not_lead_to_this_machine_or_the_clouds_own(address: str) -> None:
    with pytest.raises(SceneError, match=r"data\.example\.cn"):
        check_address("data.example.cn", address)


def test_addresses_that_are_named_as_such_are_meant() -> None:
    check_address("127.0.0.1", "127.0.0.1")
    check_address("localhost", "127.0.0.1")
    check_address("169.254.10.1", "169.254.10.1")
    check_address("data.example.cn", "10.1.2.3")
    check_address("data.example.cn", "2002:a01:203::1")
    check_address("data.example.cn", "64:ff9b::a01:203")
    check_address("::1", "::1")
    with pytest.raises(SceneError):
        check_address("127.1", "127.0.0.1")


USER = st.text("abcHUSH:@/?#,.%\\[]1", min_size=1, max_size=12).map(lambda s: f"HUSH{s}HUSH")


@pytest.mark.parametrize(
    "name",
    [
        "https://me:hush@data.example.cn/cogs/a.tif",
        "https://hush@data.example.cn/cogs/a.tif?sig=hush",
        "https://me:hu?hush@data.example.cn/cogs/a.tif",
        "https://me:8#hush@data.example.cn/a",
        "https://me:hush/hush@data.example.cn/cogs/a.tif",
        "https://me:hush",
        "https://me:hush,hush@data.example.cn/",
        "https://data.example.cn/cogs/a.tif?sig=hush",
        "https://data.example.cn/cogs/a.tif?email=x@y&sig=hush",
        "https://data.example.cn/cogs/a.tif#hush",
        "https://data.example.cn/cogs/../a.tif?sig=hush",
        "http://data.example.cn/cogs/a.tif?sig=hush",
        "ftp://me:hush@data.example.cn/a",
        "https://[hush/",
        "me:hush@data.example.cn/cogs/",
    ],
)
def test_refusals_do_not_tell_what_they_refuse(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors end up in the store, in answers and in alerts."""
    with pytest.raises(SceneError) as caught:
        allowed_url(name)
    assert "hush" not in str(caught.value)
    monkeypatch.setenv(REMOTE_VARIABLE, name)
    with pytest.raises(SceneError, match=REMOTE_VARIABLE) as caught:
        allowed_url("https://data.example.cn/cogs/a.tif")
    assert "hush" not in str(caught.value)


def test_what_is_no_secret_is_told() -> None:
    for name in ("https://data.example.cn/cogs/../a.tif", "ftp://data.example.cn/a", "/a/b.tif"):
        assert redacted(name) == name
    assert (
        redacted("https://me@data.example.cn/a.tif?x=1#y")
        == "https://...@data.example.cn/a.tif?..."
    )


@given(USER, USER)
def test_no_password_and_no_signature_is_shown(user: str, query: str) -> None:
    """Law: whatever they are made of."""
    assert "HUSH" not in redacted(f"https://{user}@data.example.cn/a.tif")
    assert "HUSH" not in redacted(f"https://data.example.cn/a.tif?sig={query}")
    assert "HUSH" not in redacted(f"https://{user}@data.example.cn/a.tif?sig={query}")
