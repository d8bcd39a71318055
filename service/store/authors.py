"""What a site knows of who wrote a comment: under the address, the name and the network."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from service.domain import Comment
from service.store.schema import HAS_ADDRESS, decision
from service.store.schema import comment as table
from service.vocabulary import Choice, Reason

LATEST = 2000  # comments of a site among which names and networks are looked for
_DECISIONS = 5


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on one of an author's comments that is in force."""

    comment_id: str
    choice: Choice
    reason: Reason | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a comment: comments by status under the same name and from the same network, among
    the LATEST whose client address is kept; when the e-mail address was first seen on the site."""

    by_name: dict[str, int]
    by_network: dict[str, int]
    first_seen: datetime
    decisions: tuple[Decided, ...]


def find_author(conn: Connection, comment: Comment, network_of: Callable[[str], str]) -> Author:
    """What is known of a comment's author on its site; `network_of` a client address, or ""."""
    latest = conn.execute(
        select(table.c.name, table.c.address, table.c.status)
        .where(HAS_ADDRESS, table.c.site_id == comment.site_id)
        .order_by(table.c.created_at.desc())
        .limit(LATEST)
    ).all()
    name, network = comment.name.casefold(), network_of(comment.address)
    of_email = (
        table.c.site_id == comment.site_id,
        func.lower(table.c.email) == func.lower(comment.email),
    )
    first: datetime | None = conn.scalar(select(func.min(table.c.created_at)).where(*of_email))
    made = conn.execute(
        select(
            table.c.id, decision.c.choice, decision.c.reason, decision.c.actor,
            decision.c.created_at,
        )
        .join(decision, decision.c.id == table.c.decision_id)
        .where(*of_email)
        .order_by(decision.c.created_at.desc(), table.c.id.desc())
        .limit(_DECISIONS)
    )  # fmt: skip
    return Author(
        Counter(row.status for row in latest if row.name.casefold() == name),
        Counter(row.status for row in latest if network and network_of(row.address) == network),
        first or comment.created_at,
        tuple(
            Decided(
                row.id, Choice(row.choice), Reason(row.reason) if row.reason else None, row.actor,
                row.created_at,
            )
            for row in made
        ),
    )  # fmt: skip
