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
    with pytest.raises(SceneError):
        check_address("127.1", "127.0.0.1")
