"""The desk's numbers count the comments of a site by when they came in."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index that answers it."""
    op.create_index("ix_comment_arrived", "comment", ["site_id", "created_at"])
