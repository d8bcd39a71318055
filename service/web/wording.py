"""What pages say: one plain sentence for each code, band, status and step, in one place."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from service.domain import AuditEntry
from service.numbers import Span
from service.vocabulary import (
    SYSTEM,
    Band,
    Code,
    Effect,
    Order,
    Outcome,
    Reason,
    Role,
    RuleKind,
    Status,
)
from service.web import code_words
from service.web.languages import ENGLISH, gettext, later, ngettext, spoken
from service.web.worded import Worded

CODES = code_words.CODES

BANDS = Worded(
    {
        Band.LIKELY_FINE: later("Likely fine"),
        Band.UNSURE: later("Unsure"),
        Band.LIKELY_SPAM: later("Likely spam"),
        Band.UNSCORED: later("Not scored"),
    }
)

STATUSES = Worded(
    {
        Status.HELD: later("Waiting"),
        Status.PUBLISHED: later("Published"),
        Status.REJECTED: later("Rejected"),
        Status.REMOVED: later("Removed"),
    }
)

FILTERS = Worded(
    {
        "status": later("Status"),
        "site": later("Site"),
        "reason": later("Reason"),
        "page_url": later("Address of the page"),
        "q": later("Text, name, e-mail or link"),
        "lang": later("Language"),
        "band": later("Score"),
        "author": later("The author's e-mail address"),
        "reported": later("Reported by readers"),
        "from": later("Came in from"),
        "to": later("Came in until"),
    }
)

ORDERS = Worded(
    {
        Order.OLDEST: later("Oldest first"),
        Order.NEWEST: later("Newest first"),
        Order.UNCERTAIN: later("Where the model is least sure"),
        Order.REPORTED: later("Most reported first"),
        Order.REACH: later("Pages with most comments first"),
    }
)

REASONS = Worded(
    {
        Reason.SPAM: later("Spam"),
        Reason.ABUSE: later("Abuse"),
        Reason.OFF_TOPIC: later("Off topic"),
        Reason.PERSONAL_DATA: later("Personal data"),
        Reason.ILLEGAL: later("Illegal"),
        Reason.OTHER: later("Another reason"),
    }
)
SPANS = Worded(
    {
        Span.DAY: later("Last 24 hours"),
        Span.WEEK: later("Last 7 days"),
        Span.MONTH: later("Last 30 days"),
        Span.QUARTER: later("Last 90 days"),
    }
)


LIKE_A_MODERATOR = later("The author's name looks like a moderator's name.")
LIKE_THE_SITE = later("The author's name looks like the site's own name.")

ROLES = Worded(
    {
        Role.VIEWER: later("viewer"),
        Role.MODERATOR: later("moderator"),
        Role.ADMIN: later("admin"),
    }
)

RULE_KINDS = Worded(
    {
        RuleKind.WORD: later("Word or phrase"),
        RuleKind.DOMAIN: later("Domain of a link"),
        RuleKind.EMAIL: later("E-mail address"),
        RuleKind.ADDRESS: later("Network address"),
    }
)

EFFECTS = Worded({Effect.BLOCK: later("Reject"), Effect.HOLD: later("Hold for a look")})

LASTING = Worded(
    {
        "": later("For good"),
        "1d": later("One day"),
        "7d": later("One week"),
        "30d": later("30 days"),
    }
)

RULE_DONE = Worded(
    {
        "added": later("The rule counts from the next comment on."),
        "ended": later(
            "The rule has ended. You find it among those that are past, and can restore it there."
        ),
        "restored": later("The rule counts again from the next comment on."),
    }
)

ATTACK_CAUSES = Worded(
    {
        "rate": later("Far more comments came in than usual."),
        "alike": later("Many comments came in that are nearly the same."),
    }
)

_STEPS = Worded(
    {
        Outcome.PUBLISH: later("The machine: published at once"),
        Outcome.HOLD: later("The machine: held for review"),
        Outcome.REJECT: later("The machine: rejected"),
    }
)
_ACTORS = Worded({SYSTEM: later("The machine"), "author": later("The author")})
_DONE = Worded(
    {
        "approve": later("{who} approved it"),
        "reject": later("{who} rejected it"),
        "undo": later("{who} took a decision back"),
        "edit": later("{who} changed the text"),
        "withdraw": later("{who} withdrew it"),
        "confirm": later("{who} confirmed the e-mail address, and so it was published"),
    }
)
_UNITS = (86400, 3600, 60, 1)


def why(code: Code, detail: str) -> str:
    """A reason of a verdict as a sentence."""
    words, sentence = CODES[code]
    if "{seen}" not in sentence:
        return sentence
    return sentence.replace("{seen}", detail) if detail else f"{words.capitalize()}."


def step(entry: AuditEntry) -> tuple[str, str]:
    """A line of the audit trail as (who and what, why), in words."""
    codes = [CODES[Code(c)][0] for c in entry.detail.split(",") if c in list(Code)]
    if entry.actor == SYSTEM and entry.action in list(Outcome):
        return _STEPS[Outcome(entry.action)], ", ".join(codes)
    done = _DONE[entry.action] if entry.action in _DONE else "{who} " + entry.action
    who = _ACTORS.get(entry.actor, entry.actor)
    if entry.action == "edit":
        return done.replace("{who}", who), ", ".join(codes)
    reason, _, note = entry.detail.partition(": ")
    if entry.action == "reject" and reason in list(Reason):
        words = REASONS[Reason(reason)].lower()
        rejected = gettext("{who} rejected it: {reason}").replace("{reason}", words)
        return rejected.replace("{who}", who), note
    return done.replace("{who}", who), "" if entry.action == "undo" else entry.detail


def recovery_codes_left(left: int) -> str:
    """How many recovery codes a person has left, as a sentence."""
    if left == 0:
        return gettext("No recovery code is left: make new ones.")
    if left == 1:
        return gettext("One recovery code is left.")
    return ngettext("{n} recovery code is left.", "{n} recovery codes are left.", left).format(
        n=number(left)
    )


def in_groups(secret: str) -> str:
    """A long secret in groups of four, as people type it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def comments(count: int) -> str:
    """`1 comment`, `1,200 comments`."""
    return ngettext("{n} comment", "{n} comments", count).format(n=number(count))


def shares(counts: Mapping[str, int]) -> str:
    """How many comments have which status: `3 published, 1 rejected`."""
    told = [_share(status, counts[status]) for status in Status if counts.get(status)]
    return ", ".join(told) or gettext("none")


def _share(status: Status, n: int) -> str:
    told = {
        Status.HELD: ngettext("{n} waiting", "{n} waiting", n),
        Status.PUBLISHED: ngettext("{n} published", "{n} published", n),
        Status.REJECTED: ngettext("{n} rejected", "{n} rejected", n),
        Status.REMOVED: ngettext("{n} removed", "{n} removed", n),
    }[status]
    return told.format(n=number(n))


def span(seconds: float) -> str:
    """A length of time in its largest unit: `3 days`, `1 minute`."""
    whole = max(1, int(seconds))
    size = next(size for size in _UNITS if whole >= size)
    n = -(-whole // size) if size <= 60 else whole // size
    if size == 86400:
        told = ngettext("{n} day", "{n} days", n)
    elif size == 3600:
        told = ngettext("{n} hour", "{n} hours", n)
    elif size == 60:
        told = ngettext("{n} minute", "{n} minutes", n)
    else:
        told = ngettext("{n} second", "{n} seconds", n)
    return told.format(n=number(n))


def ago(at: datetime, now: datetime) -> str:
    """How long ago: `5 minutes ago`."""
    seconds = (now - at).total_seconds()
    if seconds < 1:
        return gettext("just now")
    return gettext("{span} ago").format(span=span(seconds))


def moment(at: datetime) -> str:
    """A time as people write it: `1 March 2026, 12:00 UTC`."""
    language = spoken()
    if language == ENGLISH:
        return f"{at.day} {at:%B %Y, %H:%M} UTC"
    return f"{_day(at.date(), language)}, {at:%H:%M} UTC"


def number(value: int) -> str:
    """A whole number with marks between the thousands."""
    language = spoken()
    return f"{value:,}" if language == ENGLISH else _number(value, language)


@lru_cache(maxsize=1024)
def _day(day: date, language: str) -> str:
    from babel.dates import format_date

    return format_date(day, "long", locale=language.replace("-", "_"))


@lru_cache(maxsize=1024)
def _number(value: int, language: str) -> str:
    from babel.numbers import format_decimal

    return format_decimal(value, locale=language.replace("-", "_"))


def initial(name: str) -> str:
    """The first letter or digit of a name as a capital, or a dot where there is none."""
    return next((character.upper() for character in name if character.isalnum()), "·")
