"""Migrations: how an older database gets to the newest schema, by Alembic."""

from pathlib import Path

from sqlalchemy import Connection


def upgrade(conn: Connection, to: str = "head") -> None:
    """Run every migration that the database lacks, inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = conn
    command.upgrade(config, to)
