"""Pages: one spelling of each address, and no origin but the site's own."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.intake.page import (
    is_allowed_origin,
    normalise_origin,
    normalise_page_url,
    origin_of,
)

SAME = {
    "already normal": ("https://news.example/a/b?x=1", "https://news.example/a/b?x=1"),
    "case of scheme and host": ("HTTPS://News.Example/A", "https://news.example/A"),
    "empty path": ("https://news.example", "https://news.example/"),
    "empty path, query": ("https://news.example?x=1", "https://news.example/?x=1"),
    "default port": ("https://news.example:443/a", "https://news.example/a"),
    "empty port": ("https://news.example:/a", "https://news.example/a"),
    "default port of http": ("http://news.example:80/a", "http://news.example/a"),
    "other port": ("http://news.example:443/a", "http://news.example:443/a"),
    "fragment": ("https://news.example/a#comments", "https://news.example/a"),
    "international host": ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    "IPv6 host": ("http://[2001:DB8:0::1]:8000/", "http://[2001:db8::1]:8000/"),
    "dot segments": ("https://news.example/a/./b/../c", "https://news.example/a/c"),
    "above the root": ("https://news.example/../../a", "https://news.example/a"),
    "dots at the end": ("https://news.example/a/b/..", "https://news.example/a/"),
    "escaped dots": ("https://news.example/a/%2e%2E/b", "https://news.example/b"),
    "backslashes": (r"https://news.example/a\..\b", "https://news.example/b"),
    "two slashes stay": ("https://news.example//a//b/", "https://news.example//a//b/"),
    "needless escape": ("https://news.example/%7Eann/%61", "https://news.example/~ann/a"),
    "escape in lower case": ("https://news.example/%c3%a9", "https://news.example/%C3%A9"),
    "raw UTF-8": ("https://news.example/é", "https://news.example/%C3%A9"),
    "joiner in Persian": (
        "https://n.example/\u0645\u200c\u0645",
        "https://n.example/%D9%85%E2%80%8C%D9%85",
    ),
    "lone percent": ("https://news.example/100%", "https://news.example/100%25"),
    "quotes": ("https://news.example/\"'<>", "https://news.example/%22%27%3C%3E"),
    "empty query": ("https://news.example/a?", "https://news.example/a"),
    "campaign": ("https://news.example/a?utm_source=x&UTM_medium=y", "https://news.example/a"),
    "click ids": ("https://news.example/a?fbclid=1&id=7&gclid=2", "https://news.example/a?id=7"),
    "escaped campaign": ("https://news.example/a?utm%5Fid=1", "https://news.example/a"),
    "reply link of WordPress": ("https://n.example/?p=7&replytocom=3", "https://n.example/?p=7"),
    "names that only begin alike": ("https://n.example/?utmost=1", "https://n.example/?utmost=1"),
    "ref chooses a page": ("https://n.example/?ref=main", "https://n.example/?ref=main"),
    "order counts": ("https://n.example/?b=1&a=2", "https://n.example/?b=1&a=2"),
}
REFUSED = {
    "empty": "",
    "relative": "/a/b",
    "no scheme": "news.example/a",
    "scheme-relative": "//news.example/a",
    "other scheme": "ftp://news.example/",
    "javascript": "javascript:alert(1)//https://news.example/",
    "data": "data:text/html,x",
    "one slash": "https:/news.example/",
    "no host": "https:///a",
    "only a port": "https://:443/",
    "name": "https://ann@news.example/",
    "name and password": "https://a:b@news.example/",
    "host after a backslash": "https://evil.example\\@news.example/",
    "blank in the host": "https://news .example/",
    "blank at the end": "https://news.example/ ",
    "line end": "https://news.example/\nx",
    "NUL": "https://news.example/\0",
    "tab in the scheme": "ht\ttps://news.example/",
    "bidi": "https://news.example/\u202e",
    "surrogate": "https://news.example/\ud800",
    "percent in the host": "https://news%2eexample/",
    "empty label": "https://news..example/",
    "label too long": f"https://{'a' * 64}.example/",
    "host too long": f"https://{'a.' * 130}example/",
    "port of letters": "https://news.example:x/",
    "port too high": "https://news.example:65536/",
    "broken IPv6": "https://[::1/",
    "no IPv6": "https://[1.2.3.4]/",
    "no name in any script": "https://\u2488\u2488.example/",
}


@pytest.mark.parametrize(("url", "normal"), SAME.values(), ids=SAME)
def test_a_page_has_one_spelling(url: str, normal: str) -> None:
    assert normalise_page_url(url) == normal
    assert normalise_page_url(normal) == normal


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
def test_what_is_no_web_page_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is not for anybody to read
        normalise_page_url(url)


pieces = st.one_of(
    st.sampled_from(
        ["/", ".", "..", "%2e", "%", "%41", "?", "&", "=", "#", "\\", "utm_a", ":", "@"]
    ),
    st.text(max_size=3),
)


@given(st.lists(pieces, max_size=12).map("".join), st.sampled_from(["", "/", ":80", ".", "?"]))
@example("%2%65%2e/..", "/")
@example("?utm%255Fa", "/")
@settings(deadline=None)
def test_normalising_twice_is_normalising_once(rest: str, end: str) -> None:
    try:
        normal = normalise_page_url(f"https://News.example{end}{rest}")
    except ValueError:
        return

    assert normalise_page_url(normal) == normal
    assert normal.isascii()
    assert origin_of(normal) == "/".join(normal.split("/")[:3])


SITE = ("https://news.example", "http://dev.news.example:8080", "https://bücher.example")
ALLOWED = {
    "the same": "https://news.example",
    "default port": "https://news.example:443",
    "another of the site": "http://dev.news.example:8080",
    "international, as browsers send it": "https://xn--bcher-kva.example",
}
NOT_ALLOWED = {
    "empty": "",
    "null": "null",
    "wildcard": "*",
    "http for https": "http://news.example",
    "other port": "https://news.example:8443",
    "trailing dot": "https://news.example.",
    "suffix": "https://news.example.evil.example",
    "prefix": "https://evilnews.example",
    "subdomain": "https://www.news.example",
    "credentials": "https://news.example@evil.example",
    "path": "https://news.example/",
    "query": "https://news.example?",
    "fragment": "https://news.example#",
    "backslash": "https://news.example\\",
    "two": "https://news.example https://news.example",
    "comma": "https://news.example,https://evil.example",
    "look-alike letter": "https://nеws.example",
    "only the host": "news.example",
    "line end": "https://news.example\n",
}


@pytest.mark.parametrize("origin", ALLOWED.values(), ids=ALLOWED)
def test_a_sites_own_origins_are_allowed(origin: str) -> None:
    assert is_allowed_origin(origin, SITE)


@pytest.mark.parametrize("origin", NOT_ALLOWED.values(), ids=NOT_ALLOWED)
def test_every_other_origin_is_refused(origin: str) -> None:
    assert not is_allowed_origin(origin, SITE)


@given(st.text())
@settings(deadline=None)
def test_a_site_without_origins_allows_none(origin: str) -> None:
    assert not is_allowed_origin(origin, ())


def test_an_origin_is_put_in_normal_form_for_a_site() -> None:
    assert normalise_origin("HTTPS://News.Example:443") == "https://news.example"
