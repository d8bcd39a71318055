"""Sites, threads and comments; what was decided of them, and the trail."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    TextClause,
    func,
    text,
)

from service.store.columns import Id, Instant, RowId
from service.store.schema.metadata import metadata

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
    Column("attacked_since", Instant),  # null: no attack
    Column("quiet_until", Instant),  # no attack begins by itself before
    Column("rules", BigInteger),  # another number whenever the site's rules change; null: none
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
    # 1: it came without a proof of work, and so waits behind all that came with one
    Column("deferred", SmallInteger, nullable=False, server_default=text("0")),
    Column("reports", Integer, nullable=False, server_default=text("0")),  # by readers
    CheckConstraint("status IN ('published', 'held', 'rejected', 'removed')", name="status"),
    CheckConstraint("verdict IN ('publish', 'hold', 'reject')", name="verdict"),
)
# Conditions of partial indexes. Queries use these same texts: a planner takes such an index only
# where it reads the condition in the statement, not where a parameter happens to say the same.
PUBLISHED = text("comment.status = 'published'")
HELD = text("comment.status = 'held'")
HAS_ADDRESS = text("comment.address <> ''")
REPORTED = text("comment.reports > 0")
GROUPED = text("comment.status = 'held' AND comment.cluster <> ''")
UNGROUPED = text("comment.status = 'held' AND comment.cluster = ''")
# How far a score is from saying nothing; it is calibrated, so that is at one half.
SURENESS = "coalesce(abs(comment.score - 0.5), 1)"


def _partial(name: str, condition: TextClause, *columns: Column[Any] | TextClause) -> Index:
    plain = text(condition.text.replace("comment.", ""))
    return Index(name, *columns, sqlite_where=plain, postgresql_where=plain)


_partial("ix_comment_published", PUBLISHED, comment.c.thread_id, comment.c.id)
_partial("ix_comment_held", HELD, comment.c.site_id, comment.c.deferred, comment.c.id)
_partial("ix_comment_held_anywhere", HELD, comment.c.deferred, comment.c.id)
_partial("ix_comment_held_on", HELD, comment.c.thread_id, comment.c.deferred, comment.c.id)
_partial(
    "ix_comment_unsure", HELD,
    comment.c.deferred, text(SURENESS.replace("comment.", "")), comment.c.id, comment.c.site_id,
)  # fmt: skip
_partial("ix_comment_reported", REPORTED, comment.c.status, comment.c.reports, comment.c.id)
_partial("ix_comment_grouped", GROUPED, comment.c.site_id, comment.c.cluster, comment.c.id)
_partial("ix_comment_ungrouped", UNGROUPED, comment.c.id)
_partial("ix_comment_address", HAS_ADDRESS, comment.c.site_id, comment.c.created_at)
Index("ix_comment_arrived", comment.c.site_id, comment.c.created_at)  # for the desk's numbers
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
