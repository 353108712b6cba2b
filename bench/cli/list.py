"""`bench list`: show what can be measured."""

import click

from bench.errors import unknown
from bench.registry import names
from bench.registry.names import NOUNS


@click.command("list")
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
