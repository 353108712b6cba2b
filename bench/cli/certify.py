"""`bench certify`: hold models to laws, and show what was found."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import end_on_request, model_path_option, results_option, settings_option
from bench.errors import BadParameter
from bench.registry import names
from bench.registry.names import with_models
from bench.text import one_line

if TYPE_CHECKING:
    from bench.records.certificates import Certificate
    from bench.records.folder import Results

SIZE = "n_users=150,n_items=120"  # more of both than the neighbours of a model are by default
DATA = (f"synthetic:{SIZE}", f"synthetic:{SIZE},features=false")


@click.command(short_help="Hold models to laws that any recommender keeps.")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@settings_option
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@results_option
@click.option("--timeout", type=float, default=120, show_default=True, help="Seconds for a law.")
@model_path_option
def certify(
    *,
    models: tuple[str, ...],
    model_paths: tuple[Path, ...],
    settings: tuple[str, ...],
    **how: Any,
) -> int:
    """Hold models to laws that any recommender keeps, on small made-up data.

    As: another numbering of users and items does not change ranks, nor does the batch that is
    scored, nor other held-out items. Without a name, all models. What is found stands on the board
    in the column "certified". Exit code 0 when each law holds, or is within a tolerance that the
    model's file declares; 1 when one does not.
    """
    end_on_request()
    with with_models(model_paths) as own:
        return certify_models([*models, *own], settings, **how)


# What follows imports what measures, which is slow to load, only when it is called: --help must
# not wait for it.


def certify_models(
    models: list[str],
    settings: tuple[str, ...],
    *,
    results: "Results",
    seed: int,
    timeout: float,
) -> int:
    """Certify models, all without a name, show what was found, and keep it; the exit code.

    Raises:
        UnknownName: there is no such model.
        BadParameter: a setting that a model does not take.
    """
    from bench.certify import run
    from bench.leaderboard.write import board_of, write
    from bench.registry.datasets import load_data
    from bench.registry.models import ModelSpec
    from bench.registry.suites import Suite, narrow
    from bench.running.describe import describe
    from bench.running.folder import work_folder
    from bench.running.plan import most_memory_mb

    if not timeout > 0:  # nor NaN
        raise BadParameter(f"--timeout takes seconds above 0, not {timeout:g}")
    chosen = narrow(
        Suite(dataset=DATA[0], rows=()),
        models=models or list(names.files("models")),
        settings=settings,
    )
    data = [load_data(name, None).interactions for name in DATA]
    found: Counter[str] = Counter()
    with results.held(), work_folder(results) as work:
        described = describe(chosen, work)
        for row, known in zip(chosen.rows, described, strict=True):
            if known.status == "skipped":
                click.echo(f"{row.model}: skipped, {known.reason}\n")
                continue
            certificate = run.certify(
                ModelSpec(row.model, row.params),
                data,
                seed=seed,
                timeout=timeout,
                memory_mb=most_memory_mb(),
                work=work,
            )
            results.keep(certificate)
            click.echo(f"{table(certificate)}\n")
            found[certificate.verdict] += 1
        if board := board_of(results):
            write(board, results)
    if found:
        counts = ", ".join(f"{found[verdict]} {verdict}" for verdict in ("yes", "tolerances", "no"))
        click.echo(f"Certified: {counts}. Kept in {results.certificates}.")
    return int(found["no"] > 0)


def table(certificate: "Certificate") -> str:
    """A line for each law, under what they come to."""
    import tabulate

    from bench.certify.laws import LAWS

    lines = [
        [each.law, LAWS[each.law].tried, each.status, one_line(each.evidence)]
        for each in certificate.findings
    ]
    head = f"{certificate.model}: certified {certificate.verdict}"
    titles = ["law", "what is tried", "result", "evidence"]
    return f"{head}\n\n{tabulate.tabulate(lines, titles, 'simple', disable_numparse=True)}"
