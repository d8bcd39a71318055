"""How far each message got, who is told of replies, and which addresses are to be confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.LargeBinary(16).with_variant(sa.Uuid(as_uuid=False), "postgresql")
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.BigInteger()  # microseconds since 1970, UTC
_WAITING = sa.text("sent_at IS NULL AND failed_at IS NULL")


def upgrade() -> None:
    """Add columns and tables; messages about single held comments give way to the digest.

    They were never sent by any version, and would all go out at once.
    """
    op.execute("DELETE FROM outbox WHERE kind = 'comment-held'")
    for column in ("sent_at", "failed_at"):
        op.add_column("outbox", sa.Column(column, _TIME))
    op.add_column("outbox", sa.Column("fault", sa.Text()))
    op.add_column("outbox", sa.Column("origin", sa.LargeBinary(16)))
    op.drop_index("ix_outbox_due_at", "outbox")
    op.create_index(
        "ix_outbox_waiting", "outbox", ["due_at"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )
    op.create_index("ix_outbox_recipient", "outbox", [sa.text("lower(recipient)"), "kind"])
    op.create_index("ix_outbox_origin", "outbox", ["origin"])
    _create("subscription")
    op.create_index("ix_subscription_email", "subscription", [sa.text("lower(email)"), "site_id"])
    _create(
        "confirmation",
        sa.Column("proof", sa.Boolean(), nullable=False),
        sa.Column("replies", sa.Boolean(), nullable=False),
        sa.Column("used_at", _TIME),
    )
    op.create_index("ix_confirmation_email", "confirmation", [sa.text("lower(email)")])
    op.create_index("ix_confirmation_created_at", "confirmation", ["created_at"])


def _create(name: str, *more: "sa.Column[object]") -> None:
    """A table of what somebody asked for with a comment."""
    op.create_table(
        name,
        sa.Column("comment_id", _ID, nullable=False),
        sa.Column("site_id", _ROW_ID, nullable=False),
        sa.Column("thread_id", _ROW_ID, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        *more,
        sa.PrimaryKeyConstraint("comment_id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=f"fk_{name}_site_id"),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=f"fk_{name}_thread_id"),
    )
