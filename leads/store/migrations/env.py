"""Alembic's entry: the connection and its transaction come from leads.store.migrate."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
