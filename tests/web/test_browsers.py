"""Browsers in a few words."""

import pytest

from service.web.browsers import browser_of

MOZILLA = "Mozilla/5.0"
CHROME = f"{MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (CHROME, "Chrome, Windows"),
        (f"{CHROME} Edg/126.0", "Edge, Windows"),
        (f"{MOZILLA} (X11; Linux x86_64; rv:128.0) Firefox/128.0", "Firefox, Linux"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15) Safari/605.1.15", "Safari, macOS"),
        (f"{MOZILLA} (iPhone; like Mac OS X) CriOS/126.0 Safari/604.1", "Chrome, iPhone"),
        ("curl/8.5.0", "curl"),
        ("", ""),
        ("<script>alert(1)</script>", ""),
        ("x" * 5000 + "Firefox/1", ""),
    ],
)
def test_a_browser_is_told_in_words_of_ours(said: str, found: str) -> None:
    assert browser_of(said) == found
