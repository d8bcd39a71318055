"""Alembic's entry: runs on the connection that `upgrade` hands over."""

from alembic import context

from service.store import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
