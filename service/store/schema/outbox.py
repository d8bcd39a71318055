"""What is still to be sent, and what was sent of late."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, func, text

from service.store.columns import Id, Instant
from service.store.schema.metadata import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),  # stable: a message sent twice carries the same id
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("comment_id", Id),
    Column("recipient", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),  # while somebody sends it, the end of their lease
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Instant),
    Column("failed_at", Instant),  # given up: a dead letter
    Column("fault", Text),  # why the last attempt failed, without anybody's address
    Column("origin", LargeBinary(16)),  # a digest of the client's network that asked for it
)
# As with the indexes of comments, queries use this same text.
WAITING = text("outbox.sent_at IS NULL AND outbox.failed_at IS NULL")
_PLAIN = text(WAITING.text.replace("outbox.", ""))
Index("ix_outbox_waiting", outbox.c.due_at, sqlite_where=_PLAIN, postgresql_where=_PLAIN)
Index("ix_outbox_recipient", func.lower(outbox.c.recipient), outbox.c.kind)
Index("ix_outbox_origin", outbox.c.origin)
