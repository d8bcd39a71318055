"""When whoever runs a retraining was last there, so that one that was killed is known for dead."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of one that is under way now only its start is known."""
    op.add_column("retraining", sa.Column("seen_at", sa.BigInteger()))
