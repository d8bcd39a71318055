"""Second factors, identities at a provider, and what a person is told about their sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.BigInteger()  # microseconds since 1970, UTC


def upgrade() -> None:
    """Nobody has a second factor or an identity yet; when somebody was seen is not known."""
    op.add_column("moderator", sa.Column("seen_at", _TIME))
    op.add_column("session", sa.Column("browser", sa.Text()))
    op.add_column("session", sa.Column("network", sa.Text()))
    op.create_table(
        "second_factor",
        sa.Column("moderator_id", _ROW_ID, nullable=False, autoincrement=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("moderator_id", name="pk_second_factor"),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["moderator.id"], name="fk_second_factor_moderator_id"
        ),
    )
    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("moderator_id", _ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_recovery_code"),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["moderator.id"], name="fk_recovery_code_moderator_id"
        ),
    )
    op.create_index("ix_recovery_code_moderator_id", "recovery_code", ["moderator_id"])
    op.create_table(
        "identity",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("moderator_id", _ROW_ID, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["moderator.id"], name="fk_identity_moderator_id"
        ),
        sa.UniqueConstraint("issuer", "subject", name="uq_identity_issuer_subject"),
    )
    op.create_index("ix_identity_moderator_id", "identity", ["moderator_id"])
