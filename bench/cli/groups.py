"""Groups of commands: they name the nearest command, and show what there is for what one wants."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from bench.errors import unknown


class Commands(click.Group):
    """Names the nearest command when one is typed wrong."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise unknown("command", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


class Sections(Commands):
    """Shows its commands under what a person wants, one line each."""

    def __init__(
        self, *args: Any, sections: Mapping[str, Sequence[click.Command]], **attributes: Any
    ) -> None:
        """The commands are those of the sections, by title; one without any is not shown."""
        super().__init__(*args, **attributes)
        self.sections = sections
        for commands in sections.values():
            for command in commands:
                self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.commands))
        for title, commands in self.sections.items():
            if commands:
                with formatter.section(title):
                    formatter.write_dl(
                        [
                            (f"{each.name:<{width}}", each.get_short_help_str(formatter.width))
                            for each in commands
                        ]
                    )
