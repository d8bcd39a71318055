"""What the queue is ordered, filtered, grouped and searched by; reports of readers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.LargeBinary(16).with_variant(sa.Uuid(as_uuid=False), "postgresql")
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORDS = sa.Text().with_variant(TSVECTOR(), "postgresql")
_HELD = "status = 'held'"
_INDEXES: tuple[tuple[str, str, list[str | sa.TextClause]], ...] = (
    ("ix_comment_held", _HELD, ["site_id", "deferred", "id"]),
    ("ix_comment_held_anywhere", _HELD, ["deferred", "id"]),
    ("ix_comment_held_on", _HELD, ["thread_id", "deferred", "id"]),
    (
        "ix_comment_unsure",
        _HELD,
        ["deferred", sa.text("coalesce(abs(score - 0.5), 1)"), "id", "site_id"],
    ),
    ("ix_comment_reported", "reports > 0", ["status", "reports", "id"]),
    ("ix_comment_grouped", f"{_HELD} AND cluster <> ''", ["site_id", "cluster", "id"]),
    ("ix_comment_ungrouped", f"{_HELD} AND cluster = ''", ["id"]),
)
_SEARCH = (
    "CREATE VIRTUAL TABLE search_words USING fts5("
    "words, content='search_entry', content_rowid='id', tokenize='ascii')",
    "CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN"
    " INSERT INTO search_words(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN"
    " INSERT INTO search_words(search_words, rowid, words)"
    " VALUES ('delete', old.id, old.words);"
    " INSERT INTO search_words(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry BEGIN"
    " INSERT INTO search_words(search_words, rowid, words)"
    " VALUES ('delete', old.id, old.words); END",
)


def upgrade() -> None:
    """Add columns, indexes and tables; old comments become searchable as the service runs."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    for name, kind in (("deferred", sa.SmallInteger()), ("reports", sa.Integer())):
        column = sa.Column(name, kind, nullable=False, server_default=sa.text("0"))
        op.add_column("comment", column)
    op.drop_index("ix_comment_held", "comment")
    op.drop_index("ix_comment_held_anywhere", "comment")
    for name, condition, columns in _INDEXES:
        where = sa.text(condition)
        op.create_index(name, "comment", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "report",
        sa.Column(
            "comment_id",
            _ID,
            sa.ForeignKey("comment.id", name="fk_report_comment_id"),
            nullable=False,
        ),
        sa.Column("reader", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", "reader", name="pk_report"),
    )
    op.create_index("ix_report_at", "report", ["at"])
    op.create_table(
        "search_entry",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column(
            "comment_id",
            _ID,
            sa.ForeignKey("comment.id", name="fk_search_entry_comment_id"),
            nullable=False,
        ),
        sa.Column("words", _WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_entry"),
        sa.UniqueConstraint("comment_id", name="uq_search_entry_comment_id"),
    )
    if not is_sqlite:
        op.create_index("ix_search_entry_words", "search_entry", ["words"], postgresql_using="gin")
        return
    for statement in _SEARCH:
        op.execute(statement)
