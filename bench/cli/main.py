"""The `bench` command. Heavy libraries are imported where they are used: --help must be quick."""

import sys

import click

from bench import __version__
from bench.cli.certify import certify
from bench.cli.choose import choose
from bench.cli.cluster import cluster
from bench.cli.compare import compare
from bench.cli.data import data
from bench.cli.embeddings import embeddings
from bench.cli.explore import explore
from bench.cli.export import export
from bench.cli.films import films
from bench.cli.groups import Sections
from bench.cli.list import list_
from bench.cli.merge import merge
from bench.cli.new import new
from bench.cli.options import INTERRUPTED
from bench.cli.peers import peers
from bench.cli.recommend import recommend
from bench.cli.report import report
from bench.cli.results import leaderboard, track, ui, verify
from bench.cli.run import run
from bench.cli.similar import similar
from bench.cli.streams import give_up_output, prepare_output
from bench.cli.study import study
from bench.cli.tune import tune
from bench.errors import Problem, UsageError

# What a person wants, and the commands for it. A new command joins with one word.
SECTIONS: dict[str, list[click.Command]] = {
    "Measure": [run, tune, new, list_, data, peers],
    "Read": [leaderboard, report, compare, choose, study, embeddings, ui, track],
    "Use": [similar, recommend, films, explore, export],
    "Check": [verify, certify],
    "Machines": [cluster, merge],
}


def main() -> None:
    """Run the command; a user's mistake is one line and exit code 2, never a traceback."""
    prepare_output()
    try:
        code = cli.main(prog_name="bench", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
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
    give_up_output()
    click.echo(f"bench: {message}", err=True)
    sys.exit(code)


@click.group(
    cls=Sections, sections=SECTIONS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="bench")
def cli() -> None:
    """Train recommender models, compare them under one leave-one-out protocol, and use them.

    `bench run` trains and measures, writes a leaderboard to results/ and logs every run to MLflow;
    `bench ui` shows the runs in MLflow.
    """
