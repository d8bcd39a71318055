"""What is forgotten of comments: addresses in time, the text of what its author took back."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from service.store import search
from service.store.schema import HAS_ADDRESS
from service.store.schema import comment as table


def forget_addresses(conn: Connection, site_id: int, before: datetime, limit: int) -> int:
    """Blank the client addresses of up to `limit` comments from before then; how many."""
    old = (
        select(table.c.id)
        .where(table.c.site_id == site_id, HAS_ADDRESS, table.c.created_at < before)
        .limit(limit)
    )
    return conn.execute(update(table).where(table.c.id.in_(old)).values(address="")).rowcount


def erase_text(conn: Connection, comment_id: str) -> None:
    """Blank what a person wrote; the row stays, so that replies keep their place."""
    blank = dict.fromkeys(("name", "email", "website", "comment", "address"), "")
    conn.execute(
        update(table).where(table.c.id == comment_id).values(**blank, html=None, terms="[]")
    )
    search.index_again(conn, comment_id)
