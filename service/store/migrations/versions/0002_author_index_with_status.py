"""The index of authors holds the status too, so that an author's comments are counted from it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index anew, within the transaction."""
    op.drop_index("ix_comment_author", "comment")
    op.create_index("ix_comment_author", "comment", ["site_id", sa.text("lower(email)"), "status"])
