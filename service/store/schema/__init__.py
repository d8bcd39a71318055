"""The tables, one definition for SQLite and PostgreSQL; `migrations/` gets old databases here."""

from service.store.schema.comments import (
    HAS_ADDRESS,
    HELD,
    PUBLISHED,
    audit,
    comment,
    decision,
    decision_item,
    repeat,
    site,
    thread,
)
from service.store.schema.metadata import metadata
from service.store.schema.models import model, promotion, retraining, shadow
from service.store.schema.outbox import outbox
from service.store.schema.people import api_token, grant, moderator, session, sign_in_link

HEAD = "0011"  # the newest migration; a test holds it against the folder

__all__ = [
    "HAS_ADDRESS",
    "HEAD",
    "HELD",
    "PUBLISHED",
    "api_token",
    "audit",
    "comment",
    "decision",
    "decision_item",
    "grant",
    "metadata",
    "model",
    "moderator",
    "outbox",
    "promotion",
    "repeat",
    "retraining",
    "session",
    "shadow",
    "sign_in_link",
    "site",
    "thread",
]
