"""The tables, one definition for SQLite and PostgreSQL; `migrations/` gets old databases here."""

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TextClause,
    func,
    text,
)

from service.store.columns import Id, Instant, RowId

HEAD = "0006"  # the newest migration; a test holds it against the folder

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

site = Table(
    "site",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("origins", Text, nullable=False),  # JSON list
    Column("settings", Text, nullable=False),  # JSON mapping, only what differs from the default
    Column("revision", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("certified", Text),  # JSON: a model and the reject threshold certified for it
)

thread = Table(
    "thread",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("published", Integer, nullable=False),  # kept equal to a recount
    Column("revision", Integer, nullable=False),  # grows whenever what readers see changes
    Column("created_at", Instant, nullable=False),
    Index("uq_thread_site_id_url", "site_id", "url", unique=True),
)

comment = Table(
    "comment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("thread_id", ForeignKey("thread.id"), nullable=False),
    Column("parent_id", Id, ForeignKey("comment.id")),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("website", Text, nullable=False),
    Column("comment", Text, nullable=False),  # as written
    Column("html", Text),  # rendered when published
    Column("renderer", SmallInteger),  # the version that rendered `html`
    Column("lang", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reasons", Text, nullable=False),  # JSON list of [code, detail]
    Column("score", Float),
    Column("band", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("terms", Text, nullable=False),  # JSON list of [text, weight]
    Column("cluster", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("edited_at", Instant),
    Column("version", Integer, nullable=False),
    Column("decision_id", Id),  # the decision in force
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    Column("shadow_score", Float),  # what a model in the shadow gave
    Column("shadow_model", Text),
    CheckConstraint("status IN ('published', 'held', 'rejected', 'removed')", name="status"),
    CheckConstraint("verdict IN ('publish', 'hold', 'reject')", name="verdict"),
)
# Conditions of partial indexes. Queries use these same texts: a planner takes such an index only
# where it reads the condition in the statement, not where a parameter happens to say the same.
PUBLISHED = text("comment.status = 'published'")
HELD = text("comment.status = 'held'")
HAS_ADDRESS = text("comment.address <> ''")


def _partial(name: str, condition: TextClause, *columns: Column[Any]) -> Index:
    plain = text(condition.text.replace("comment.", ""))
    return Index(name, *columns, sqlite_where=plain, postgresql_where=plain)


_partial("ix_comment_published", PUBLISHED, comment.c.thread_id, comment.c.id)
_partial("ix_comment_held", HELD, comment.c.site_id, comment.c.id)
_partial("ix_comment_held_anywhere", HELD, comment.c.id)
_partial("ix_comment_address", HAS_ADDRESS, comment.c.site_id, comment.c.created_at)
# nobody's mailbox tells capitals apart, so a change of case makes no new author
Index("ix_comment_author", comment.c.site_id, func.lower(comment.c.email), comment.c.status)

repeat = Table(
    "repeat",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("comment_id", Id, nullable=False),
    Column("body", LargeBinary(16)),  # what an idempotency key was first used with
    Column("expires_at", Instant, nullable=False),
)

decision = Table(
    "decision",
    metadata,
    Column("id", Id, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("reason", Text),
    Column("note", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("undone_at", Instant),
    CheckConstraint("choice IN ('approve', 'reject')", name="choice"),
    Index("ix_decision_created_at", "created_at"),
)

decision_item = Table(
    "decision_item",
    metadata,
    Column("decision_id", Id, ForeignKey("decision.id"), primary_key=True),
    Column("comment_id", Id, ForeignKey("comment.id"), primary_key=True),
    Column("from_status", Text, nullable=False),
    Column("from_decision_id", Id),
    Column("version", Integer, nullable=False),  # the comment's, once decided
    Index("ix_decision_item_comment_id", "comment_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("comment_id", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_audit_comment_id", "comment_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),  # stable: a message sent twice carries the same id
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("comment_id", Id),
    Column("recipient", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("ix_outbox_due_at", "due_at"),
)

moderator = Table(
    "moderator",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

grant = Table(
    "moderator_grant",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("moderator_id", ForeignKey("moderator.id"), nullable=False),
    Column("site_id", ForeignKey("site.id")),  # null: every site
    Column("role", Text, nullable=False),
    CheckConstraint("role IN ('viewer', 'moderator', 'admin')", name="role"),
    Index("ix_moderator_grant_moderator_id", "moderator_id"),
)

api_token = Table(
    "api_token",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("site_id", ForeignKey("site.id")),  # null: every site
    Column("created_at", Instant, nullable=False),
    CheckConstraint("role IN ('viewer', 'moderator', 'admin')", name="role"),
)

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("moderator_id", ForeignKey("moderator.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Index("ix_session_moderator_id", "moderator_id"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("moderator_id", ForeignKey("moderator.id"), nullable=False),
    Column("expires_at", Instant, nullable=False),
)

model = Table(
    "model",
    metadata,
    Column("name", Text, primary_key=True),
    Column("card", LargeBinary, nullable=False),  # JSON; holds the SHA-256 of the weights
    Column("weights", LargeBinary, nullable=False),  # as in a model's folder
    Column("created_at", Instant, nullable=False),
)

promotion = Table(
    "promotion",
    metadata,
    Column("id", RowId, primary_key=True),  # the last one names the model in use
    Column("model", Text),  # null: the one that came with the program
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("action IN ('promote', 'rollback')", name="action"),
)

shadow = Table(
    "shadow",
    metadata,
    Column("id", RowId, primary_key=True),  # the last one names the model in the shadow
    Column("model", Text),  # null: none
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

retraining = Table(
    "retraining",
    metadata,
    # one more than the last: who is second to write it has lost the race
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("status", Integer),  # what it ended with
    Column("output", Text, nullable=False),
    Column("seen_at", Instant),  # when whoever runs it was last there
)
