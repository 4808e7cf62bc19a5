"""`hongxian`: the command group, and the one place where errors become lines and exit codes."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from geo.errors import HongxianError
from leads.version import VERSION

COMMANDS = (
    *("demo", "detect", "run", "worker", "evaluate", "train", "bench"),
    *("runs", "passes", "flights", "leads", "layers", "labels", "users", "serve", "db"),
)
"""Each is defined under its own name in the module of that name."""


class Commands(click.Group):
    """Imports a command when it is called.

    Child processes import this module too, and most commands need neither server nor store.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them, or None."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(f"api.cli.{cmd_name}"), cmd_name)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION)
def cli() -> None:
    """红线: leads on waste dumping and red-line encroachment, from imagery.

    Exit codes: 0 good, 1 failed, 2 wrong use or unusable input.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every error is one line on standard error."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        cli.main(arguments, prog_name="hongxian", standalone_mode=False)
    except HongxianError as error:
        return _tell(str(error), error.exit_code)
    except click.ClickException as error:
        return _tell(f"{error.format_message()} (see --help)", 2)
    except (KeyboardInterrupt, click.Abort):
        return _tell("interrupted", 130)
    except Exception as error:  # one line for people; the traceback is for whoever asks for it
        if os.environ.get("HONGXIAN_DEBUG"):
            raise
        return _tell(f"failed: {type(error).__name__}: {error} (HONGXIAN_DEBUG=1 tells more)", 1)
    return 0


def _tell(message: str, code: int) -> int:
    click.echo(f"hongxian: {' '.join(message.split())}", err=True)
    return code
