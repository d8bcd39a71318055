"""The first tables.

Written out and never changed again: what `schema` says today is no matter here. There is no way
back; before an upgrade there is a backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.LargeBinary(16).with_variant(sa.Uuid(as_uuid=False), "postgresql")
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.BigInteger()  # microseconds since 1970, UTC
_DIGEST = sa.LargeBinary(16)
_ROLES = "role IN ('viewer', 'moderator', 'admin')"


def upgrade() -> None:
    """Create every table and index of the first release."""
    _create_sites_and_comments()
    _create_decisions()
    _create_people()


def _create_sites_and_comments() -> None:
    op.create_table(
        "site",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
        sa.UniqueConstraint("key", name="uq_site_key"),
    )
    op.create_table(
        "thread",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("site_id", _ROW_ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_thread"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_thread_site_id"),
    )
    op.create_index("uq_thread_site_id_url", "thread", ["site_id", "url"], unique=True)
    op.create_table(
        "comment",
        sa.Column("id", _ID, nullable=False),
        sa.Column("site_id", _ROW_ID, nullable=False),
        sa.Column("thread_id", _ROW_ID, nullable=False),
        sa.Column("parent_id", _ID),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("html", sa.Text()),
        sa.Column("renderer", sa.SmallInteger()),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("edited_at", _TIME),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decision_id", _ID),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("claimed_until", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_comment"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_comment_site_id"),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name="fk_comment_thread_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["comment.id"], name="fk_comment_parent_id"),
        sa.CheckConstraint(
            "status IN ('published', 'held', 'rejected', 'removed')", name=op.f("ck_comment_status")
        ),
        sa.CheckConstraint(
            "verdict IN ('publish', 'hold', 'reject')", name=op.f("ck_comment_verdict")
        ),
    )
    for name, columns, condition in (
        ("ix_comment_published", ["thread_id", "id"], "status = 'published'"),
        ("ix_comment_held", ["site_id", "id"], "status = 'held'"),
        ("ix_comment_held_anywhere", ["id"], "status = 'held'"),
        ("ix_comment_address", ["site_id", "created_at"], "address <> ''"),
    ):
        only = sa.text(condition)
        op.create_index(name, "comment", columns, sqlite_where=only, postgresql_where=only)
    op.create_index("ix_comment_author", "comment", ["site_id", sa.text("lower(email)")])
    op.create_table(
        "repeat",
        sa.Column("key", _DIGEST, nullable=False),
        sa.Column("comment_id", _ID, nullable=False),
        sa.Column("body", _DIGEST),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_repeat"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", _ID, nullable=False),
        sa.Column("site_id", _ROW_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("comment_id", _ID),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_outbox_site_id"),
    )
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"])


def _create_decisions() -> None:
    op.create_table(
        "decision",
        sa.Column("id", _ID, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("undone_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
        sa.CheckConstraint("choice IN ('approve', 'reject')", name=op.f("ck_decision_choice")),
    )
    op.create_index("ix_decision_created_at", "decision", ["created_at"])
    op.create_table(
        "decision_item",
        sa.Column("decision_id", _ID, nullable=False),
        sa.Column("comment_id", _ID, nullable=False),
        sa.Column("from_status", sa.Text(), nullable=False),
        sa.Column("from_decision_id", _ID),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "comment_id", name="pk_decision_item"),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name="fk_decision_item_decision_id"
        ),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name="fk_decision_item_comment_id"),
    )
    op.create_index("ix_decision_item_comment_id", "decision_item", ["comment_id"])
    op.create_table(
        "audit",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("comment_id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text()),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_comment_id", "audit", ["comment_id"])


def _create_people() -> None:
    op.create_table(
        "moderator",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("disabled_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_moderator"),
        sa.UniqueConstraint("name", name="uq_moderator_name"),
    )
    op.create_table(
        "moderator_grant",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("moderator_id", _ROW_ID, nullable=False),
        sa.Column("site_id", _ROW_ID),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_moderator_grant"),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["moderator.id"], name="fk_moderator_grant_moderator_id"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_moderator_grant_site_id"),
        sa.CheckConstraint(_ROLES, name=op.f("ck_moderator_grant_role")),
    )
    op.create_index("ix_moderator_grant_moderator_id", "moderator_grant", ["moderator_id"])
    op.create_table(
        "api_token",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("site_id", _ROW_ID),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_api_token"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_api_token_site_id"),
        sa.CheckConstraint(_ROLES, name=op.f("ck_api_token_role")),
    )
    op.create_table(
        "session",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("moderator_id", _ROW_ID, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_session"),
        sa.ForeignKeyConstraint(["moderator_id"], ["moderator.id"], name="fk_session_moderator_id"),
    )
    op.create_index("ix_session_moderator_id", "session", ["moderator_id"])
    op.create_table(
        "sign_in_link",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("moderator_id", _ROW_ID, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sign_in_link"),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["moderator.id"], name="fk_sign_in_link_moderator_id"
        ),
    )
