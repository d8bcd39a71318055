"""What moderators write for one another: notes on comments and authors, and snippets."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from service.store.columns import Id, Instant
from service.store.schema.metadata import metadata

note = Table(
    "note",
    metadata,
    Column("id", Id, primary_key=True),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("comment_id", Id, ForeignKey("comment.id")),  # null: on the author
    Column("email", Text),  # the author's, in lower case; null: on the comment
    Column("text", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_note_comment_id", "comment_id"),
    Index("ix_note_site_id_email", "site_id", "email"),
)

snippet = Table(
    "snippet",
    metadata,
    Column("id", Id, primary_key=True),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_snippet_site_id", "site_id"),
)
