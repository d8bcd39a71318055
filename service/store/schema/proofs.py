"""What a moderator proves to be themself by, beside a password: codes, or a provider's word."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from service.store.columns import Instant, RowId
from service.store.schema.metadata import metadata

second_factor = Table(
    "second_factor",
    metadata,
    Column(
        "moderator_id", RowId, ForeignKey("moderator.id"), primary_key=True, autoincrement=False
    ),
    Column("sealed", Text, nullable=False),  # the secret, which only our own secret opens
    Column("last_step", BigInteger, nullable=False),  # of 30 seconds: no code is good twice
    Column("created_at", Instant, nullable=False),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("moderator_id", ForeignKey("moderator.id"), nullable=False),
    Index("ix_recovery_code_moderator_id", "moderator_id"),
)

identity = Table(
    "identity",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("moderator_id", ForeignKey("moderator.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("issuer", "subject"),
    Index("ix_identity_moderator_id", "moderator_id"),
)
