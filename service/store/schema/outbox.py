"""What is still to be sent."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from service.store.columns import Id, Instant
from service.store.schema.metadata import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),  # stable: a message sent twice carries the same id
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("comment_id", Id),
    Column("recipient", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("ix_outbox_due_at", "due_at"),
)
