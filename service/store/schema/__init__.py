"""The tables, one definition for SQLite and PostgreSQL; `migrations/` gets old databases here."""

from service.store.schema.attacks import attack
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
from service.store.schema.notes import note, snippet
from service.store.schema.outbox import WAITING, outbox
from service.store.schema.people import api_token, grant, moderator, session, sign_in_link
from service.store.schema.proofs import identity, recovery_code, second_factor
from service.store.schema.reports import report
from service.store.schema.rules import rule
from service.store.schema.search import search_entry
from service.store.schema.subscriptions import confirmation, subscription

HEAD = "0011"  # the newest migration; a test holds it against the folder

__all__ = [
    "GROUPED",
    "HAS_ADDRESS",
    "HEAD",
    "HELD",
    "PUBLISHED",
    "REPORTED",
    "SURENESS",
    "UNGROUPED",
    "WAITING",
    "api_token",
    "attack",
    "audit",
    "comment",
    "confirmation",
    "decision",
    "decision_item",
    "grant",
    "identity",
    "metadata",
    "model",
    "moderator",
    "note",
    "outbox",
    "promotion",
    "recovery_code",
    "repeat",
    "report",
    "retraining",
    "rule",
    "search_entry",
    "second_factor",
    "session",
    "shadow",
    "sign_in_link",
    "site",
    "snippet",
    "subscription",
    "thread",
]
