"""Rules: what a site blocks or holds by its own word."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from service.store.columns import Id, Instant
from service.store.schema.metadata import metadata

rule = Table(
    "rule",
    metadata,
    Column("id", Id, primary_key=True),
    Column("site_id", ForeignKey("site.id")),  # null: every site
    Column("kind", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("ended_at", Instant),
    Column("hits", Integer, nullable=False),
    Column("last_hit_at", Instant),
    Column("decision_id", Id),  # what a ban rejected in the same step
    CheckConstraint("kind IN ('word', 'domain', 'address', 'email')", name="kind"),
    CheckConstraint("effect IN ('block', 'hold')", name="effect"),
    Index("ix_rule_site_id", "site_id"),
)
