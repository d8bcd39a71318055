"""Sites, submissions, comments and people with sensible defaults, made by the real functions."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from msgspec.structs import replace
from sqlalchemy import Connection

from service import policy
from service.domain import (
    Cluster,
    Comment,
    Decision,
    Score,
    Signal,
    Site,
    Submission,
    Term,
    Verdict,
)
from service.passwords import hash_password
from service.persons import Actor
from service.rulebook import Rule, parse_value
from service.store import audit, comments, rules, sites, threads
from service.tokens import new_id
from service.vocabulary import SYSTEM, Choice, Effect, Outcome, Reason, Role, RuleKind, Status

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = b"0123456789abcdef0123456789abcdef"
ORIGIN = "https://news.example"
PAGE = f"{ORIGIN}/harvest"
FINE = Score(0.02, "tiny", (Term("barley", -1.25),), publish_below=0.2, reject_above=0.95)
SPAM = Score(0.97, "tiny", (Term("casino", 2.5),), publish_below=0.2, reject_above=0.95)

ADMIN = Actor("ada", {None: Role.ADMIN})
MODERATOR = Actor("max", {None: Role.MODERATOR})
VIEWER = Actor("vera", {None: Role.VIEWER})

_OUTCOMES = {
    Status.PUBLISHED: Outcome.PUBLISH,
    Status.HELD: Outcome.HOLD,
    Status.REJECTED: Outcome.REJECT,
}


def a_site(conn: Connection, key: str = "news", *, origin: str = ORIGIN, **settings: str) -> Site:
    """A site whose settings are written with underscores: `edit__window` is `edit.window`.

    Names with a hyphen go through `a_site_with`.
    """
    named = {name.replace("__", "."): value for name, value in settings.items()}
    return a_site_with(conn, named, key=key, origin=origin)


def a_site_with(
    conn: Connection, settings: Mapping[str, str], *, key: str = "news", origin: str = ORIGIN
) -> Site:
    """A site with these settings."""
    site = sites.add_site(conn, key, key.title(), [origin], NOW)
    return sites.set_settings(conn, key, settings) if settings else site


def a_rule(
    conn: Connection, kind: RuleKind, value: str, *, effect: Effect = Effect.BLOCK,
    site: Site | None = None, now: datetime = NOW, **more: object,
) -> Rule:  # fmt: skip
    """A rule in force, of one site or of every site."""
    made = Rule(
        id=new_id(now), kind=kind, effect=effect, value=parse_value(kind, value),
        site_id=site.id if site else None, actor="max", created_at=now,
    )  # fmt: skip
    rule = replace(made, **more)
    rules.add(conn, rule)
    return rule


@cache
def hash_once(password: str) -> str:
    """The hash of a password, made once for the whole run: each takes a tenth of a second."""
    return hash_password(password)


def a_submission(**changes: object) -> Submission:
    """What Ann writes under the article on the harvest."""
    submission = Submission(
        site="news",
        page_url=PAGE,
        page_title="The harvest",
        page_text="It rained in August.",
        name="Ann",
        email="ann@mail.example",
        comment="The barley stood well this year.",
        lang="en",
        address="203.0.113.9",
        address_prefixes=("203.0.113.9/32", "203.0.113.0/24"),
    )
    return replace(submission, **changes)


def a_comment(
    conn: Connection,
    *,
    status: Status = Status.HELD,
    score: Score | None = FINE,
    reasons: tuple[Signal, ...] = (),
    cluster: Cluster | None = None,
    now: datetime = NOW,
    **changes: object,
) -> Comment:
    """A stored comment as `submit` would have left it; its site must be there."""
    submission = a_submission(**changes)
    site = sites.get_site(conn, submission.site)
    thread = threads.ensure_thread(
        conn, site.id, submission.page_url, submission.page_title, submission.page_text, now
    )
    comment_id = new_id(now)
    verdict = Verdict(_OUTCOMES[status], reasons)
    comments.insert_comment(
        conn,
        comment_id,
        submission,
        on=(site, thread),
        score=score,
        band=policy.band(score, site.policy),
        cluster=cluster,
        verdict=verdict,
        now=now,
    )
    audit.record(
        conn, comment_id, actor=SYSTEM, action=verdict.outcome, from_status=None,
        to_status=status, detail=verdict.codes, now=now,
    )  # fmt: skip
    found = comments.find_comment(conn, comment_id)
    assert found is not None
    return found


def some_comments(conn: Connection, number: int, **changes: object) -> list[str]:
    """The ids of so many comments of different authors, a second apart, in order."""
    return [
        a_comment(
            conn,
            now=NOW + timedelta(seconds=place),
            name=f"Author {place}",
            email=f"author{place}@mail.example",
            comment=f"Remark number {place} on the barley.",
            **changes,  # type: ignore[arg-type]
        ).id
        for place in range(number)
    ]


def approving(*ids: str, note: str = "", versions: Mapping[str, int] | None = None) -> Decision:
    """The decision to approve these comments."""
    return Decision(ids, Choice.APPROVE, None, note, dict(versions or {}))


def rejecting(
    *ids: str,
    reason: Reason | None = Reason.SPAM,
    note: str = "",
    versions: Mapping[str, int] | None = None,
) -> Decision:
    """The decision to reject these comments."""
    return Decision(ids, Choice.REJECT, reason, note, dict(versions or {}))
