"""Who is told of replies by mail, and which addresses are still to be confirmed."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text, func

from service.store.columns import Id, Instant
from service.store.schema.metadata import metadata

subscription = Table(
    "subscription",
    metadata,
    Column("comment_id", Id, primary_key=True),  # whose replies
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("thread_id", ForeignKey("thread.id"), nullable=False),
    Column("email", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("ix_subscription_email", func.lower(subscription.c.email), subscription.c.site_id)

confirmation = Table(
    "confirmation",
    metadata,
    Column("comment_id", Id, primary_key=True),  # the comment with which it was asked for
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("thread_id", ForeignKey("thread.id"), nullable=False),
    Column("email", Text, nullable=False),
    Column("proof", Boolean(create_constraint=False), nullable=False),
    Column("replies", Boolean(create_constraint=False), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
)
Index("ix_confirmation_email", func.lower(confirmation.c.email))
Index("ix_confirmation_created_at", confirmation.c.created_at)
