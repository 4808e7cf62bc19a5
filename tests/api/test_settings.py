"""Settings are checked when they are read, not when a run has failed."""

import pytest
from pydantic import ValidationError

from api.settings import Settings


@pytest.mark.parametrize("url", ["ftp://here/s3cret", "https:///s3cret", "http://here:x/s3cret"])
def test_an_address_for_alerts_that_is_none_is_refused_at_the_start(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONGXIAN_ALERT_URL", url)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "s3cret" not in str(refused.value), "it may hold a token"


@pytest.mark.parametrize(
    "url", ["", "https://alerts.example/hook?token=1", "http://[::1]:8080/", "http://127.0.0.1"]
)
def test_an_address_for_alerts_is_kept_as_it_is_and_none_is_needed(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONGXIAN_ALERT_URL", url)
    assert Settings().alert_url == url
