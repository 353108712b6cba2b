"""The `bench` command. Heavy libraries are imported where they are used: --help must be quick."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bench import __version__, registry
from bench.errors import Problem, UsageError, unknown
from bench.registry import NOUNS

DEFAULT_SUITE = "ml-100k"
INTERRUPTED = 130  # exit code after Ctrl-C


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


def results_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--results",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("results"),
        show_default=True,
        help="Folder of records, ledgers, boards and the MLflow store.",
    )(command)


def data_dir_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, exists=True),
        help="Folder, or file, with the publisher's data; nothing is downloaded then.",
    )(command)


def model_path_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--model-path",
        "model_paths",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A model's file outside the checkout. It is code, and it is run.",
    )(command)


def names(text: str | None) -> list[str] | None:
    """The words of a list with commas."""
    if text is None:
        return None
    return [word.strip() for word in text.split(",") if word.strip()]


@cli.command("list")
@click.argument("kind", required=False, metavar="[models|datasets|suites]")
def list_(kind: str | None) -> None:
    """List models, data sets and suites."""
    if kind is not None and kind not in NOUNS:
        raise unknown("kind", kind, NOUNS)
    for each in NOUNS:
        if kind in (None, each):
            click.echo(f"{each}:")
            found = registry.files(each)  # type: ignore[arg-type]
            width = max(map(len, found), default=0) + 2
            for name, path in found.items():
                click.echo(f"  {name:<{width}}{registry.summary(path)}")


@cli.command()
@click.option("--suite", metavar="NAME", help=f"A suite by name or .toml file [{DEFAULT_SUITE}].")
@click.option("--models", metavar="A,B", help="Only these models; new ones join with defaults.")
@click.option("--dataset", metavar="D", help="Another data set, as synthetic:scale=10.")
@click.option("--protocol", metavar="P", help="loo-99, ncf-files; with -validation for tuning.")
@click.option("--seeds", metavar="0,1", help="Seeds of the models.")
@click.option("--set", "settings", multiple=True, metavar="MODEL.PARAM=VALUE")
@click.option("--min-rating", type=float, help="Count only interactions rated at least this high.")
@click.option(
    "--eval-users",
    type=click.IntRange(min=1),
    metavar="N",
    help="Score only a sample of N test users; the protocol's name says so.",
)
@data_dir_option
@results_option
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--timeout", type=float, metavar="S", help="Seconds that a cell may take.")
@click.option("--memory-limit", type=click.IntRange(min=1), metavar="MB", help="Of a cell.")
@click.option("--force", is_flag=True, help="Measure again what is measured already.")
@model_path_option
@click.option("--dry-run", is_flag=True, help="Show the cells and measure nothing.")
def run(
    *,
    suite: str | None,
    models: str | None,
    settings: tuple[str, ...],
    seeds: str | None,
    results: Path,
    data_dir: Path | None,
    device: str,
    threads: int,
    force: bool,
    model_paths: tuple[Path, ...],
    dry_run: bool,
    **changes: Any,
) -> int:
    """Train and measure models, and show the board.

    What is measured already, with the same data, parameters, code and libraries, is not measured
    again. Exit code 0 when every cell is ok or skipped with a reason, 1 when one failed or the
    board is INVALID.
    """
    for path in model_paths:
        registry.add_model(path)
    from bench import commands

    chosen = commands.choose(
        suite or DEFAULT_SUITE,
        models=names(models) if models is not None else [p.stem for p in model_paths] or None,
        settings=list(settings),
        seeds=names(seeds),
        **changes,
    )
    options = commands.options(
        results=results, data_dir=data_dir, device=device, threads=threads, force=force
    )
    if dry_run:
        return commands.dry_run(chosen, options)
    signal.signal(signal.SIGTERM, _interrupt)
    return commands.run(chosen, options)


@cli.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--suite", metavar="NAME", help="Tune all rows of a suite, from their values on.")
@click.option("--budget", default="10m", show_default=True, help="Time for each model: 90s, 1h.")
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="At most, for each model.")
@click.option("--dataset", metavar="D", help="Another data set [movielens_100k].")
@click.option("--protocol", metavar="P", help="loo-99-validation, ncf-files-validation.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--set", "settings", multiple=True, metavar="MODEL.PARAM=VALUE")
@click.option("--min-rating", type=float, help="Count only interactions rated at least this high.")
@click.option("--eval-users", type=click.IntRange(min=1), metavar="N", help="Score only a sample.")
@data_dir_option
@results_option
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--timeout", type=float, metavar="S", help="Seconds that a trial may take.")
@click.option("--memory-limit", type=click.IntRange(min=1), metavar="MB", help="Of a trial.")
@model_path_option
@click.option("--report", is_flag=True, help="Write the reports again and show them; no trials.")
def tune(
    *,
    models: tuple[str, ...],
    results: Path,
    data_dir: Path | None,
    device: str,
    threads: int,
    model_paths: tuple[Path, ...],
    report: bool,
    **given: Any,
) -> int:
    """Search for good hyper-parameters, in equal time for each model.

    Trials are judged on validation items; no test item is in their reach. The first has the
    model's defaults, or the suite's values. The same command goes on where it stopped, and a
    longer --budget goes on where a shorter one ended.
    """
    from bench import tune_command

    if report:
        return tune_command.report(results)
    own = [registry.add_model(path) for path in model_paths]
    from bench import commands

    options = commands.options(
        results=results, data_dir=data_dir, device=device, threads=threads, force=False
    )
    signal.signal(signal.SIGTERM, _interrupt)
    return tune_command.tune([*models, *own], options, **given)


@cli.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--set", "settings", multiple=True, metavar="MODEL.PARAM=VALUE")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@results_option
@click.option("--timeout", type=float, default=120, show_default=True, help="Seconds for a law.")
@model_path_option
def certify(
    *, models: tuple[str, ...], results: Path, model_paths: tuple[Path, ...], **given: Any
) -> int:
    """Hold models to laws that any recommender keeps, on small made-up data.

    As: another numbering of users and items does not change ranks, nor does the batch that is
    scored, nor other held-out items. Without a name, all models. What is found stands on the board
    in the column "certified". Exit code 0 when each law holds, or is within a tolerance that the
    model's file declares; 1 when one does not.
    """
    own = [registry.add_model(path) for path in model_paths]
    from bench import certify_command

    signal.signal(signal.SIGTERM, _interrupt)
    return certify_command.certify([*models, *own], results, **given)


def _interrupt(number: int, frame: Any) -> None:
    """A request to end is handled as Ctrl-C is: the child is ended and what is finished is kept."""
    raise KeyboardInterrupt


@cli.command()
@results_option
def leaderboard(results: Path) -> int:
    """Write the board again from the records, and show it.

    The exit code is 1 when it is INVALID.
    """
    from bench import commands

    return commands.leaderboard(results)


@cli.command()
@click.argument(
    "results",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("results"),
)
def verify(results: Path) -> None:
    """Compute every published figure again from the ledgers; fail on the first difference.

    It fails too where a board is INVALID.
    """
    from bench.verify import verify as check

    click.echo(check(results))


@cli.command()
@results_option
def track(results: Path) -> None:
    """Write to MLflow what is missing there; it can rebuild an empty store."""
    from bench import commands

    commands.track(results)


@cli.command()
@results_option
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
def ui(results: Path, port: int) -> None:
    """Show the runs in MLflow's pages, on this machine only."""
    from bench import ui as pages

    pages.serve(results, port=port)


@cli.group(cls=Commands)
def data() -> None:
    """Fetch a data set, or tell what is in it."""


@data.command()
@click.argument("name")
@data_dir_option
def get(name: str, data_dir: Path | None) -> None:
    """Fetch a data set into the cache and check it."""
    from bench import commands

    commands.get(name, data_dir)


@data.command()
@click.argument("name")
@data_dir_option
@click.option("--protocol", default="loo-99", show_default=True, metavar="P")
@click.option("--min-rating", type=float)
def audit(name: str, data_dir: Path | None, protocol: str, min_rating: float | None) -> None:
    """Tell what a reader must know of a data set before any figure."""
    from bench import commands

    commands.audit(name, data_dir, protocol, min_rating)
