"""The `bench` command. Heavy libraries are imported where they are used: --help must be quick."""

import sys

import click

from bench import __version__
from bench.cli.certify import certify
from bench.cli.data import audit, get
from bench.cli.options import INTERRUPTED
from bench.cli.results import leaderboard, track, ui, verify
from bench.cli.run import run
from bench.cli.tune import tune
from bench.errors import Problem, UsageError, unknown
from bench.registry import names
from bench.registry.names import NOUNS


class Commands(click.Group):
    """Names the nearest command when one is typed wrong."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise unknown("command", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


def main() -> None:
    """Run the command; a user's mistake is one line and exit code 2, never a traceback."""
    try:
        sys.exit(cli.main(prog_name="bench", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except click.Abort:
        _fail("interrupted", INTERRUPTED)
    except UsageError as error:
        _fail(str(error), 2)
    except (Problem, OSError) as error:
        _fail(str(error), 1)


def _fail(message: str, code: int) -> None:
    click.echo(f"bench: {message}", err=True)
    sys.exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bench")
def cli() -> None:
    """Compare recommender models under one leave-one-out protocol.

    `bench run` trains and measures, writes a leaderboard to results/ and logs every run to MLflow;
    `bench ui` shows the runs in MLflow.
    """


@cli.command("list")
@click.argument("kind", required=False, metavar="[models|datasets|suites]")
def list_(kind: str | None) -> None:
    """List models, data sets and suites."""
    if kind is not None and kind not in NOUNS:
        raise unknown("kind", kind, NOUNS)
    for each in NOUNS:
        if kind in (None, each):
            click.echo(f"{each}:")
            found = names.files(each)  # type: ignore[arg-type]
            width = max(map(len, found), default=0) + 2
            for name, path in found.items():
                click.echo(f"  {name:<{width}}{names.summary(path)}")


@cli.group(cls=Commands)
def data() -> None:
    """Fetch a data set, or tell what is in it."""


for _command in (run, tune, certify, leaderboard, verify, track, ui):
    cli.add_command(_command)
for _command in (get, audit):
    data.add_command(_command)
