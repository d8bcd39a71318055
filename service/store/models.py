"""Models learnt from decisions, as bytes, and which of them is in use: for every process alike.

What is in use is the last line of `promotion`, and what scores in its shadow the last one of
`shadow`; both are only ever added to.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from service.store.schema import model as table
from service.store.schema import promotion, shadow

_KEPT = 10  # models that were not in use lately


@dataclass(frozen=True, slots=True)
class Promotion:
    """What is in use since when, by whom and why. `model` None is the one that was shipped."""

    id: int
    model: str | None
    actor: str
    action: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Shadow:
    """Which model scores in the shadow of the one in use since when, and who wanted it."""

    id: int
    model: str | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A model as stored: its card (JSON) and its weights (.npz)."""

    name: str
    card: bytes
    weights: bytes


def add_model(conn: Connection, name: str, card: bytes, weights: bytes, now: datetime) -> None:
    """Keep a model, and forget the oldest of many that were not in use lately."""
    conn.execute(delete(table).where(table.c.name == name))
    conn.execute(insert(table).values(name=name, card=card, weights=weights, created_at=now))
    newest = select(table.c.name).order_by(table.c.created_at.desc(), table.c.name)
    used = {made.model for made in list_promotions(conn, limit=_KEPT)}
    if (shaded := find_shadow(conn)) is not None:
        used.add(shaded.model)
    old: set[str] = set(conn.scalars(newest.offset(_KEPT))) - used
    conn.execute(delete(table).where(table.c.name.in_(old)))


def find_model(conn: Connection, name: str) -> Kept | None:
    """The model with this name, or None."""
    row = conn.execute(select(table).where(table.c.name == name)).first()
    return None if row is None else Kept(row.name, bytes(row.card), bytes(row.weights))


def find_card(conn: Connection, name: str) -> bytes | None:
    """The card of the model with this name, which vouches for its weights, or None."""
    row = conn.execute(select(table.c.card).where(table.c.name == name)).first()
    return None if row is None else bytes(row.card)


def list_models(conn: Connection) -> list[Kept]:
    """Every model kept, oldest first."""
    rows = conn.execute(select(table).order_by(table.c.created_at))
    return [Kept(row.name, bytes(row.card), bytes(row.weights)) for row in rows]


def list_cards(conn: Connection) -> list[tuple[str, bytes]]:
    """The name and the card of every model kept, newest first."""
    rows = conn.execute(select(table.c.name, table.c.card).order_by(table.c.created_at.desc()))
    return [(row.name, bytes(row.card)) for row in rows]


def set_shadow(conn: Connection, model: str | None, *, actor: str, now: datetime) -> None:
    """From now on this model scores in the shadow of the one in use; None is none."""
    conn.execute(insert(shadow).values(model=model, actor=actor, at=now))


def find_shadow(conn: Connection) -> Shadow | None:
    """The last word on what scores in the shadow, or None while nobody ever wanted one."""
    row = conn.execute(select(shadow).order_by(shadow.c.id.desc()).limit(1)).first()
    return None if row is None else Shadow(row.id, row.model, row.actor, row.at)


def promote(
    conn: Connection, model: str | None, *, actor: str, action: str, reason: str, now: datetime
) -> None:
    """From now on this model is in use; None is the one that was shipped."""
    conn.execute(
        insert(promotion).values(model=model, actor=actor, action=action, reason=reason, at=now)
    )


def list_promotions(conn: Connection, *, limit: int = 20) -> list[Promotion]:
    """The latest promotions and rollbacks, newest first: the first says what is in use."""
    rows = conn.execute(select(promotion).order_by(promotion.c.id.desc()).limit(limit))
    return [Promotion(r.id, r.model, r.actor, r.action, r.reason, r.at) for r in rows]
