"""Which page a comment belongs to: its address in normal form, and whether a site may claim it."""

from collections.abc import Iterable
from functools import lru_cache

from service.intake.url import split_web_url

# Parameters that mark how a reader came to a page and never which page it is. Only names nobody
# uses for content: `ref`, `source` and `id` choose a page on some sites and stay.
TRACKING = frozenset({
    "_gl", "_hsenc", "_hsmi", "dclid", "epik", "fbclid", "gbraid", "gclid", "gclsrc", "igsh",
    "igshid", "li_fat_id", "mc_cid", "mc_eid", "mkt_tok", "moderation-hash", "msclkid",
    "oly_anon_id", "oly_enc_id", "replytocom", "srsltid", "ttclid", "twclid", "unapproved",
    "vero_id", "wbraid", "yclid",
})  # fmt: skip


@lru_cache(maxsize=1024)  # the same few pages come again and again
def normalise_page_url(url: str) -> str:
    """The one spelling of a page's address, by which its thread is found.

    Scheme and host in lower case, host in IDNA ASCII, default port and fragment dropped, dot
    segments resolved, escapes normal (RFC 3986, 6.2.2), tracking parameters removed, order of the
    others kept. Idempotent. Raises ValueError unless it is http(s) with a host and no credentials.
    """
    parts = split_web_url(url)
    query = parts.query
    if query:
        query = "&".join(p for p in query.split("&") if p and not _is_tracking(p))
    return parts.origin + parts.path + (f"?{query}" if query else "")


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name in TRACKING or name.startswith("utm_")


@lru_cache(maxsize=1024)
def origin_of(url: str) -> str:
    """The origin, `https://news.example` or with a port, of a page's address.

    Raises ValueError as `normalise_page_url` does.
    """
    return split_web_url(url).origin


@lru_cache(maxsize=1024)
def normalise_origin(origin: str) -> str:
    """An origin in normal form; raises ValueError for anything that is more or less than one."""
    parts = split_web_url(origin)
    if origin.count("/") > 2 or parts.query is not None or parts.fragment is not None:
        raise ValueError("an origin is only a scheme, a host and perhaps a port")
    return parts.origin


def is_allowed_origin(origin: str, origins: Iterable[str]) -> bool:
    """Whether `origin`, from a header or a page's address, is exactly one of `origins`.

    Everything else is refused: `null`, look-alikes, another scheme or port, a trailing dot.
    """
    try:
        return normalise_origin(origin) in {normalise_origin(known) for known in origins}
    except ValueError:
        return False
