"""`hongxian db`: the store itself."""

import click

from api.cli.options import json_option, print_json
from api.cli.store import store_url
from leads.store.engine import connect
from leads.store.migrate import newest_revision, revision, upgrade


@click.group()
def db() -> None:
    """Set up the store and keep its tables up to date."""


@db.command("upgrade")
@json_option
def upgrade_store(as_json: bool) -> None:  # noqa: FBT001 (click hands flags over so)
    """Create the tables, or bring them up to date; nothing is lost."""
    engine = connect(store_url())
    try:
        before = revision(engine)
        upgrade(engine)
    finally:
        engine.dispose()
    report = {"store": engine.url.render_as_string(), "from": before, "to": newest_revision()}
    if as_json:
        print_json(report)
    else:
        click.echo(f"{report['store']}: revision {before or 'none'} -> {report['to']}")
