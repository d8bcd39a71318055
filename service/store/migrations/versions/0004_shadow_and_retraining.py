"""A model in the shadow of the one in use, what it gave; retrainings started at the desk."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.BigInteger()  # microseconds since 1970, UTC


def upgrade() -> None:
    """Create both tables, and the columns of what a model in the shadow gave."""
    op.add_column("comment", sa.Column("shadow_score", sa.Float()))
    op.add_column("comment", sa.Column("shadow_model", sa.Text()))
    op.create_table(
        "shadow",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("model", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shadow"),
    )
    op.create_table(
        "retraining",
        sa.Column("id", _ROW_ID, nullable=False, autoincrement=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("status", sa.Integer()),
        sa.Column("output", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retraining"),
    )
