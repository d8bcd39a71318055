"""Rules: what sites block or hold by their own word.

A site's row carries a number that changes with each change of its rules, so that whoever has read
the row knows whether the rules it has compiled still stand; null says that there are none.
"""

import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, false, func, insert, or_, select, update

from service.rulebook import Rule, RuleBook
from service.store.prepared import Prepared
from service.store.schema import rule as table
from service.store.schema import site
from service.vocabulary import Effect, RuleKind

_NEVER = datetime.max.replace(tzinfo=UTC)
_COUNT_HIT = Prepared(
    update(table)
    .where(table.c.id == bindparam("rule_id"))
    .values(hits=table.c.hits + 1, last_hit_at=bindparam("now"))
)


def add(conn: Connection, rule: Rule) -> None:
    """Store a new rule; it counts from the next submission on."""
    values = {name: getattr(rule, name) for name in rule.__struct_fields__}
    conn.execute(insert(table).values(values))
    _touch(conn, rule.site_id)


def set_ended(conn: Connection, rule: Rule, ended_at: datetime | None) -> None:
    """End a rule, or let it count again."""
    conn.execute(update(table).where(table.c.id == rule.id).values(ended_at=ended_at))
    _touch(conn, rule.site_id)


def find(conn: Connection, rule_id: str) -> Rule | None:
    """The rule with this id, or None."""
    row = conn.execute(select(table).where(table.c.id == rule_id)).first()
    return None if row is None else _rule(row)


def find_same(conn: Connection, rule: Rule, now: datetime) -> Rule | None:
    """The longest of the rules in force that say the same: kind, effect, value and site."""
    rows = conn.execute(
        select(table).where(
            table.c.kind == rule.kind, table.c.effect == rule.effect, table.c.value == rule.value,
            table.c.site_id == rule.site_id, table.c.ended_at.is_(None),
        )
    )  # fmt: skip
    found = [rule for row in rows if (rule := _rule(row)).is_in_force(now)]
    return max(found, key=lambda rule: rule.expires_at or _NEVER, default=None)


def list_rules(
    conn: Connection,
    site_ids: Collection[int] | None,
    now: datetime,
    *,
    is_past: bool = False,
    text: str = "",
    limit: int = 100,
    after: str | None = None,
) -> list[Rule]:
    """Rules of these sites and those of every site, newest first: in force, or past."""
    over = or_(table.c.ended_at.is_not(None), table.c.expires_at <= now)
    current = table.c.ended_at.is_(None) & or_(
        table.c.expires_at.is_(None), table.c.expires_at > now
    )
    query = select(table).where(over if is_past else current)
    if site_ids is not None:
        query = query.where(or_(table.c.site_id.is_(None), table.c.site_id.in_(site_ids), false()))
    if text:
        query = query.where(table.c.value.icontains(text, autoescape=True))
    if after is not None:
        query = query.where(table.c.id < after)
    return [_rule(row) for row in conn.execute(query.order_by(table.c.id.desc()).limit(limit))]


def load_book(conn: Connection, site_id: int) -> RuleBook:
    """The rules of a site and those of every site, compiled; what has ended is left out."""
    rows = conn.execute(
        select(table.c.id, table.c.kind, table.c.effect, table.c.value, table.c.expires_at)
        .where(or_(table.c.site_id == site_id, table.c.site_id.is_(None)))
        .where(table.c.ended_at.is_(None))
        .order_by(table.c.id)
    )
    return RuleBook(
        Rule(row.id, RuleKind(row.kind), Effect(row.effect), row.value, expires_at=row.expires_at)
        for row in rows.all()
    )


def count_hits(conn: Connection, rule_ids: Collection[str], now: datetime) -> None:
    """Count a comment that met these rules."""
    for rule_id in sorted(set(rule_ids)):  # in one order: nobody waits in a circle
        _COUNT_HIT.run(conn, rule_id=rule_id, now=now)


def mark_for_new_site(conn: Connection) -> int | None:
    """What a new site's row says of its rules: those of every site count for it, too."""
    there = conn.scalar(select(func.count()).select_from(table).where(table.c.site_id.is_(None)))
    return secrets.randbits(62) if there else None


def _touch(conn: Connection, site_id: int | None) -> None:
    changed = update(site).values(rules=secrets.randbits(62))
    conn.execute(changed if site_id is None else changed.where(site.c.id == site_id))


def _rule(row: Row[*tuple[Any, ...]]) -> Rule:
    known = dict(row._mapping) | {"kind": RuleKind(row.kind), "effect": Effect(row.effect)}
    return Rule(**known)
