"""Rules, in place of the five settings that held lists of them; attacks; notes and snippets."""

import json
import os
import secrets
import time
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_LISTS = {  # setting: kind and effect
    "words.blocked": ("word", "block"),
    "words.held": ("word", "hold"),
    "domains.blocked": ("domain", "block"),
    "emails.blocked": ("email", "block"),
    "addresses.blocked": ("address", "block"),
}


def upgrade() -> None:
    """Add the table, and move what sites have listed in their settings into it."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    instant, id_ = sa.BigInteger(), sa.LargeBinary(16) if is_sqlite else sa.Uuid()
    row_id = sa.Integer() if is_sqlite else sa.BigInteger()
    op.add_column("site", sa.Column("attacked_since", instant))
    op.add_column("site", sa.Column("quiet_until", instant))
    op.add_column("site", sa.Column("rules", sa.BigInteger()))
    rule = op.create_table(
        "rule",
        sa.Column("id", id_, nullable=False),
        sa.Column("site_id", row_id),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("expires_at", instant),
        sa.Column("ended_at", instant),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("last_hit_at", instant),
        sa.Column("decision_id", id_),
        sa.CheckConstraint("effect IN ('block', 'hold')", name=op.f("ck_rule_effect")),
        sa.CheckConstraint(
            "kind IN ('word', 'domain', 'address', 'email')", name=op.f("ck_rule_kind")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_rule_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
    )
    op.create_index("ix_rule_site_id", "rule", ["site_id"])
    op.create_table(
        "attack",
        sa.Column("id", id_, nullable=False),
        sa.Column("site_id", row_id, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("recent", sa.Float(), nullable=False),
        sa.Column("usual", sa.Float(), nullable=False),
        sa.Column("began_at", instant, nullable=False),
        sa.Column("ended_at", instant),
        sa.Column("ended_by", sa.Text()),
        sa.CheckConstraint("cause IN ('rate', 'alike')", name=op.f("ck_attack_cause")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_attack_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attack")),
    )
    op.create_index("ix_attack_site_id", "attack", ["site_id"])
    op.create_table(
        "note",
        sa.Column("id", id_, nullable=False),
        sa.Column("site_id", row_id, nullable=False),
        sa.Column("comment_id", id_),
        sa.Column("email", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_note_site_id")),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_note_comment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index("ix_note_comment_id", "note", ["comment_id"])
    op.create_index("ix_note_site_id_email", "note", ["site_id", "email"])
    op.create_table(
        "snippet",
        sa.Column("id", id_, nullable=False),
        sa.Column("site_id", row_id, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_snippet_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snippet")),
    )
    op.create_index("ix_snippet_site_id", "snippet", ["site_id"])
    _move_lists(rule, is_sqlite=is_sqlite)


def _move_lists(rule: sa.Table, *, is_sqlite: bool) -> None:
    site = sa.table(
        "site", sa.column("id"), sa.column("settings", sa.Text()), sa.column("rules"),
        sa.column("revision"),
    )  # fmt: skip
    conn, now = op.get_bind(), time.time_ns() // 1000
    for row in conn.execute(sa.select(site.c.id, site.c.settings)).all():
        settings = json.loads(row.settings)
        listed = [
            (kind, effect, value.strip())
            for name, (kind, effect) in _LISTS.items()
            for value in settings.pop(name, "").split(",")
            if value.strip()
        ]
        if not listed:
            continue
        rows = [
            {
                "id": made.bytes if is_sqlite else made, "site_id": row.id, "kind": kind,
                "effect": effect, "value": value, "actor": "system",
                "note": "From the settings of the site.", "created_at": now, "hits": 0,
            }
            for kind, effect, value in dict.fromkeys(listed)
            for made in [_new_id(now)]
        ]  # fmt: skip
        conn.execute(sa.insert(rule), rows)
        conn.execute(
            sa.update(site)
            .where(site.c.id == row.id)
            .values(
                settings=json.dumps(settings), rules=secrets.randbits(62),
                revision=site.c.revision + 1,
            )
        )  # fmt: skip


def _new_id(now: int) -> uuid.UUID:
    """A UUIDv7, as the program makes them."""
    value = (now // 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return uuid.UUID(int=value & ~(0xF000 << 64) & ~(0xC000 << 48) | 0x7000 << 64 | 0x8000 << 48)
