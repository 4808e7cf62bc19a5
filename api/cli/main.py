"""`hongxian`: the command group, and the one place where errors become lines and exit codes."""

import sys
from collections.abc import Sequence

import click

from api.cli.bench import bench
from api.cli.demo import demo
from api.cli.detect import detect
from api.cli.evaluate import evaluate
from geo.errors import HongxianError
from leads.version import VERSION


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION)
def cli() -> None:
    """红线: leads on waste dumping and red-line encroachment, from imagery.

    Exit codes: 0 good, 1 failed, 2 wrong use or unusable input.
    """


for command in (demo, detect, evaluate, bench):
    cli.add_command(command)


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
        return _tell("interrupted: nothing was written", 130)
    except (MemoryError, OSError) as error:
        return _tell(f"{type(error).__name__}: {error}", 1)
    return 0


def _tell(message: str, code: int) -> int:
    click.echo(f"hongxian: {' '.join(message.split())}", err=True)
    return code
