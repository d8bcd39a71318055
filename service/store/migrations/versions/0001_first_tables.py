"""The first tables.

Revision: 0001. New databases get the newest tables at once; this is where older ones begin.
"""

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to do: a database without a version is made whole by `database.migrate`."""
