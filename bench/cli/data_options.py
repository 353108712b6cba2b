"""`--data`: a file of one's own in place of a data set, and how it is to be read."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bench.cli.options import Command
from bench.errors import BadParameter

FLAGS = {  # option of bench.data.options -> what it takes, and what for
    "columns": ("R=C,...", "Which is what: user=uid,item=sku,time=ts,rating=score."),
    "separator": ("C", "Between two fields of a line."),
    "encoding": ("E", "Of a text file [utf-8]."),
    "events": ("E=W,...", "Events that count, and how much: view=0,purchase=1."),
    "where": ("EXPR", "Rows that count: \"event == 'purchase'\"."),
    "since": ("TIME", "Only rows from then on: 2020-01-31."),
    "until": ("TIME", "Only rows before then."),
    "min_user": ("N", "Only users with N items or more."),
    "min_item": ("N", "Only items with N users or more."),
    "order": ("O", "Without times: file (a user's rows stand in order), or random."),
    "items": ("PATH", "A table of what is known of the items."),
    "users": ("PATH", "A table of what is known of the users."),
    "item_id": ("C", "The column that names the item there."),
    "user_id": ("C", "The column that names the user there."),
    "features": ("F=K,...", "item.genres=tags,item.price=number,item.isbn=ignore."),
}


def data_options(command: Command) -> Command:
    """The option --data, and the flags that say how it is to be read.

    The command gets all of it as `dataset`, which it may declare as an option, too.
    """

    @wraps(command)
    def with_data(*, data: Path | None, dataset: str | None = None, **given: Any) -> Any:
        flags = {name: given.pop(name) for name in FLAGS}
        typed = [flag(name) for name, value in flags.items() if value is not None]
        if data is None:
            if typed:
                raise BadParameter(f"{typed[0]} is for --data, the path of a file of your own")
            return command(dataset=dataset, **given)
        if dataset is not None:
            raise BadParameter(f"--data takes the place of a data set; leave out {dataset!r}")
        from bench.registry.own_data import own_dataset

        return command(dataset=own_dataset(data, flags), **given)

    found: Callable[..., Any] = with_data
    for name, (metavar, meaning) in reversed(FLAGS.items()):
        found = click.option(flag(name), metavar=metavar, help=meaning)(found)
    path = click.Path(path_type=Path)
    return click.option("--data", type=path, metavar="PATH", help="A file of your own.")(found)


def flag(name: str) -> str:
    """How an option of `bench.data.options` is typed."""
    return f"--{name.replace('_', '-')}"
