"""The tables, one definition for SQLite and PostgreSQL; `migrations/` gets old databases here."""

from service.store.schema.comments import (
    GROUPED,
    HAS_ADDRESS,
    HELD,
    PUBLISHED,
    REPORTED,
    SURENESS,
    UNGROUPED,
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
from service.store.schema.reports import report
from service.store.schema.search import search_entry

HEAD = "0007"  # the newest migration; a test holds it against the folder

__all__ = [
    "GROUPED",
    "HAS_ADDRESS",
    "HEAD",
    "HELD",
    "PUBLISHED",
    "REPORTED",
    "SURENESS",
    "UNGROUPED",
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
    "report",
    "retraining",
    "search_entry",
    "session",
    "shadow",
    "sign_in_link",
    "site",
    "thread",
]
