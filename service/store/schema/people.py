"""Moderators, their rights and the ways they come in."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text

from service.store.columns import Instant, RowId
from service.store.schema.metadata import metadata

moderator = Table(
    "moderator",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("seen_at", Instant),  # at the desk, to the minute
)

grant = Table(
    "moderator_grant",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("moderator_id", ForeignKey("moderator.id"), nullable=False),
    Column("site_id", ForeignKey("site.id")),  # null: every site
    Column("role", Text, nullable=False),
    CheckConstraint("role IN ('viewer', 'moderator', 'admin')", name="role"),
    Index("ix_moderator_grant_moderator_id", "moderator_id"),
)

api_token = Table(
    "api_token",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("site_id", ForeignKey("site.id")),  # null: every site
    Column("created_at", Instant, nullable=False),
    CheckConstraint("role IN ('viewer', 'moderator', 'admin')", name="role"),
)

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("moderator_id", ForeignKey("moderator.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("browser", Text),
    Column("network", Text),
    Index("ix_session_moderator_id", "moderator_id"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("moderator_id", ForeignKey("moderator.id"), nullable=False),
    Column("expires_at", Instant, nullable=False),
)
