"""Attacks: when a site held everything, and why."""

from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Index, Table, Text

from service.store.columns import Id, Instant
from service.store.schema.metadata import metadata

attack = Table(
    "attack",
    metadata,
    Column("id", Id, primary_key=True),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("cause", Text, nullable=False),
    Column("recent", Float, nullable=False),  # comments in about half a minute, when it began
    Column("usual", Float, nullable=False),  # the same, as a rule
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", Text),
    CheckConstraint("cause IN ('rate', 'alike')", name="cause"),
    Index("ix_attack_site_id", "site_id"),
)
