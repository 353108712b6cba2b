"""What `bench certify` does, with the libraries that it needs."""

from collections import Counter
from pathlib import Path

import click
import psutil
import tabulate

from bench import cells, certificates, registry, runner
from bench import suite as suites
from bench.certificates import Certificate
from bench.certify import TRIED
from bench.certify import certify as hold
from bench.errors import BadParameter
from bench.jobs import Row
from bench.suite import Suite
from bench.text import one_line

SIZE = "n_users=150,n_items=120"  # more of both than the neighbours of a model are by default
DATA = (f"synthetic:{SIZE}", f"synthetic:{SIZE},features=false")


def certify(
    models: list[str], results: Path, *, settings: tuple[str, ...], seed: int, timeout: float
) -> int:
    """Certify models, all without a name, show what was found, and keep it; the exit code.

    Raises:
        UnknownName: there is no such model.
        BadParameter: a setting that a model does not take.
    """
    if not timeout > 0:  # nor NaN
        raise BadParameter(f"--timeout takes seconds above 0, not {timeout:g}")
    chosen = suites.narrow(
        Suite(dataset=DATA[0], rows=()),
        models=models or list(registry.files("models")),
        settings=list(settings),
    )
    data = [runner.load_data(name, None) for name in DATA]
    memory_mb = int(psutil.virtual_memory().total / 2**20 * runner.SHARE_OF_MEMORY)
    found: Counter[str] = Counter()
    with runner.only_run(results), runner.work_folder(results) as work:
        described = cells.describe(chosen.rows, work)
        for known in described:
            if known.status == "usage":
                raise BadParameter(known.reason)
        for row, known in zip(chosen.rows, described, strict=True):
            if known.status == "skipped":
                click.echo(f"{row.model}: skipped, {known.reason}\n")
                continue
            certificate = hold(
                Row(row.model, row.params),
                data,
                seed=seed,
                timeout=timeout,
                memory_mb=memory_mb,
                work=work,
            )
            certificates.save(certificate, results)
            click.echo(f"{table(certificate)}\n")
            found[certificate.verdict] += 1
        if runner.readable_records(results):
            runner.write_board(results)
    if found:
        counts = ", ".join(f"{found[verdict]} {verdict}" for verdict in ("yes", "tolerances", "no"))
        click.echo(f"Certified: {counts}. Kept in {results / certificates.FOLDER}.")
    return int(found["no"] > 0)


def table(certificate: Certificate) -> str:
    """A line for each law, under what they come to."""
    lines = [
        [each.law, TRIED[each.law], each.status, one_line(each.evidence)]
        for each in certificate.findings
    ]
    head = f"{certificate.model}: certified {certificate.verdict}"
    titles = ["law", "what is tried", "result", "evidence"]
    return f"{head}\n\n{tabulate.tabulate(lines, titles, 'simple', disable_numparse=True)}"
