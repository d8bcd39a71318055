"""The reject threshold that is certified for a site and the model in use."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing is certified until the service looks."""
    op.add_column("site", sa.Column("certified", sa.Text()))
