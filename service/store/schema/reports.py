"""Which readers reported which comments, so that the same reader counts once."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table

from service.store.columns import Id, Instant
from service.store.schema.metadata import metadata

report = Table(
    "report",
    metadata,
    Column("comment_id", Id, ForeignKey("comment.id"), primary_key=True),
    Column("reader", LargeBinary(16), primary_key=True),  # keyed digest of the address prefix
    Column("at", Instant, nullable=False),
    Index("ix_report_at", "at"),
)
