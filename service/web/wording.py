"""What pages say: one plain sentence for each code, band, status and step, in one place."""

from collections.abc import Mapping
from datetime import datetime

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
    RuleKind,
    Status,
)

BANDS = {
    Band.LIKELY_FINE: "Likely fine",
    Band.UNSURE: "Unsure",
    Band.LIKELY_SPAM: "Likely spam",
    Band.UNSCORED: "Not scored",
}

STATUSES = {
    Status.HELD: "Waiting",
    Status.PUBLISHED: "Published",
    Status.REJECTED: "Rejected",
    Status.REMOVED: "Removed",
}

FILTERS = {
    "status": "Status",
    "site": "Site",
    "reason": "Reason",
    "page_url": "Address of the page",
    "q": "Text, name, e-mail or link",
    "lang": "Language",
    "band": "Score",
    "author": "The author's e-mail address",
    "reported": "Reported by readers",
    "from": "Came in from",
    "to": "Came in until",
}

ORDERS = {
    Order.OLDEST: "Oldest first",
    Order.NEWEST: "Newest first",
    Order.UNCERTAIN: "Where the model is least sure",
    Order.REPORTED: "Most reported first",
    Order.REACH: "Pages with most comments first",
}

REASONS = {
    Reason.SPAM: "Spam",
    Reason.ABUSE: "Abuse",
    Reason.OFF_TOPIC: "Off topic",
    Reason.PERSONAL_DATA: "Personal data",
    Reason.ILLEGAL: "Illegal",
    Reason.OTHER: "Another reason",
}

SPANS = {
    Span.DAY: "Last 24 hours",
    Span.WEEK: "Last 7 days",
    Span.MONTH: "Last 30 days",
    Span.QUARTER: "Last 90 days",
}

# (a few words, for filters and histories; the sentence, where {} is what was seen)
CODES: dict[Code, tuple[str, str]] = {
    Code.BLOCKED_WORD: ("blocked word", "It holds the blocked word “{}”."),
    Code.BLOCKED_DOMAIN: ("blocked domain", "It links to the blocked domain {}."),
    Code.BLOCKED_ADDRESS: ("blocked address", "It comes from the blocked address {}."),
    Code.HELD_WORD: ("word to look at", "It holds the word “{}”, which this site wants to see."),
    Code.HELD_DOMAIN: ("domain to look at", "It links to {}, which this site wants to see."),
    Code.HELD_ADDRESS: ("address to look at", "It comes from {}, which this site wants to see."),
    Code.HONEYPOT_FILLED: (
        "hidden field filled in",
        "A field that no person can see was filled in, as machines do.",
    ),
    Code.FORM_TOKEN_ABSENT: (
        "no form token",
        "No form token came along, which by itself means nothing.",
    ),
    Code.FORM_TOKEN_INVALID: ("form token not valid", "Its form token is not valid: {}."),
    Code.FORM_TOKEN_REUSED: (
        "form token used again",
        "Its form token had already been used for another comment.",
    ),
    Code.TOO_FAST: ("sent too fast", "The form came back faster than a person types."),
    Code.PROOF_MISSING: (
        "no proof of work",
        "It came without a valid proof of work, which a page without scripts or https cannot make;"
        " it waits behind the others.",
    ),
    Code.TOO_MANY_LINKS: ("many links", "It has {} links, more than this site lets through."),
    Code.DUPLICATE: ("same text several times", "Nearly the same text has now come {} times."),
    Code.FIRST_TIME_AUTHOR: (
        "first comment",
        "It is the first comment under this e-mail address, and this site looks at those.",
    ),
    Code.UNPROVEN_AUTHOR: (
        "address not confirmed",
        "The e-mail address was seen before but never confirmed: anybody could have typed it.",
    ),
    Code.REJECTED_BEFORE: (
        "rejected before",
        "Earlier comments under this e-mail address were rejected: {}.",
    ),
    Code.PROVEN_AUTHOR: ("confirmed address", "The author has confirmed the e-mail address."),
    Code.SCORE_SPAM: ("scored as spam", "The spam model says: likely spam."),
    Code.SCORE_UNSURE: ("score unsure", "The spam model is not sure enough to let it through."),
    Code.SCORE_FINE: ("scored as fine", "The spam model says: likely fine."),
    Code.EDITED: ("edited", "Its author has changed the text since it came in."),
    Code.ATTACK_MODE: ("attack mode", "The site is in attack mode and holds everything."),
    Code.UNSCORED: (
        "no score",
        "The spam model gave no answer, so a person decides. This says nothing about the comment.",
    ),
    Code.LIMITS_DEGRADED: (
        "limits not counted",
        "The rate limits could not be counted in full, so everything is held meanwhile. This says"
        " nothing about the comment.",
    ),
}

LIKE_A_MODERATOR = "The author's name looks like a moderator's name."
LIKE_THE_SITE = "The author's name looks like the site's own name."

RULE_KINDS = {
    RuleKind.WORD: "Word or phrase",
    RuleKind.DOMAIN: "Domain of a link",
    RuleKind.EMAIL: "E-mail address",
    RuleKind.ADDRESS: "Network address",
}

EFFECTS = {Effect.BLOCK: "Reject", Effect.HOLD: "Hold for a look"}

LASTING = {"": "For good", "1d": "One day", "7d": "One week", "30d": "30 days"}

RULE_DONE = {
    "added": "The rule counts from the next comment on.",
    "ended": "The rule has ended. You find it among those that are past, and can restore it there.",
    "restored": "The rule counts again from the next comment on.",
}

ATTACK_CAUSES = {
    "rate": "Far more comments came in than usual.",
    "alike": "Many comments came in that are nearly the same.",
}

_STEPS = {
    Outcome.PUBLISH: "published at once",
    Outcome.HOLD: "held for review",
    Outcome.REJECT: "rejected",
}
_ACTIONS = {
    "approve": "approved it",
    "reject": "rejected it",
    "undo": "took a decision back",
    "edit": "changed the text",
    "withdraw": "withdrew it",
    "confirm": "confirmed the e-mail address, and so it was published",
}
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def why(code: Code, detail: str) -> str:
    """A reason of a verdict as a sentence."""
    words, sentence = CODES[code]
    if "{}" not in sentence:
        return sentence
    return sentence.replace("{}", detail) if detail else f"{words.capitalize()}."


def step(entry: AuditEntry) -> tuple[str, str]:
    """A line of the audit trail as (who and what, why), in words."""
    if entry.actor == SYSTEM and entry.action in list(Outcome):
        codes = [CODES[Code(c)][0] for c in entry.detail.split(",") if c in list(Code)]
        return f"The machine: {_STEPS[Outcome(entry.action)]}", ", ".join(codes)
    who = {SYSTEM: "The machine", "author": "The author"}.get(entry.actor, entry.actor)
    what = _ACTIONS.get(entry.action, entry.action)
    if entry.action == "edit":
        codes = [CODES[Code(c)][0] for c in entry.detail.split(",") if c in list(Code)]
        return f"{who} {what}", ", ".join(codes)
    reason, _, note = entry.detail.partition(": ")
    if entry.action == "reject" and reason in list(Reason):
        return f"{who} {what}: {REASONS[Reason(reason)].lower()}", note
    return f"{who} {what}", "" if entry.action == "undo" else entry.detail


def recovery_codes_left(number: int) -> str:
    """How many recovery codes a person has left, as a sentence."""
    if number == 0:
        return "No recovery code is left: make new ones."
    return "One recovery code is left." if number == 1 else f"{number} recovery codes are left."


def in_groups(secret: str) -> str:
    """A long secret in groups of four, as people type it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def count(number: int, noun: str) -> str:
    """`1 comment`, `1,200 comments`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shares(counts: Mapping[str, int]) -> str:
    """How many comments have which status: `3 published, 1 rejected`."""
    told = [f"{counts[s]:,} {STATUSES[s].lower()}" for s in Status if counts.get(s)]
    return ", ".join(told) or "none"


def span(seconds: float) -> str:
    """A length of time in its largest unit: `3 days`, `1 minute`."""
    whole = max(1, int(seconds))
    size, unit = next((size, unit) for size, unit in _UNITS if whole >= size)
    return count(-(-whole // size) if size <= 60 else whole // size, unit)


def ago(at: datetime, now: datetime) -> str:
    """How long ago: `5 minutes ago`."""
    seconds = (now - at).total_seconds()
    return f"{span(seconds)} ago" if seconds >= 1 else "just now"


def moment(at: datetime) -> str:
    """A time as people write it: `1 March 2026, 12:00 UTC`."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def initial(name: str) -> str:
    """The first letter or digit of a name as a capital, or a dot where there is none."""
    return next((character.upper() for character in name if character.isalnum()), "·")
