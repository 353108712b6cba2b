"""`bench peers`: environments of other libraries, whose models `bench run` then measures."""

import sys
from pathlib import Path

import click

from bench.cli.groups import Commands
from bench.cli.options import peer_path_option


@click.group(cls=Commands, short_help="Other libraries, to measure their models too.")
def peers() -> None:
    """Other libraries, each in an environment of its own, so that `bench run` measures them too."""


@peers.command(name="list")
@peer_path_option
def list_libraries(peer_paths: tuple[Path, ...]) -> None:
    """List the libraries, their versions and models, and which are installed."""
    from bench.peers.environment import environment_of
    from bench.peers.known import folders, library, models_of, with_peers

    with with_peers(peer_paths):
        found = [library(name) for name in folders()]
        for each in found:
            fault = environment_of(each).fault()
            missing = fault.startswith("needs")
            state = "not installed" if missing else fault.partition(";")[0] or "installed"
            click.echo(f"{each.name}: {each.title} {each.version}, {state}")
            click.echo(f"  {', '.join(models_of(each.name))}")


@peers.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--python",
    default=sys.executable,
    show_default="this one",
    help="An interpreter to make it of.",
)
@peer_path_option
def install(names: tuple[str, ...], python: str, peer_paths: tuple[Path, ...]) -> None:
    """Install libraries, exactly as their locks say. Needs a network."""
    from bench.peers import install as installing
    from bench.peers.known import library, with_peers

    with with_peers(peer_paths):
        for found in [library(name) for name in names]:
            installing.install(found, click.echo, python)


@peers.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@peer_path_option
def remove(names: tuple[str, ...], peer_paths: tuple[Path, ...]) -> None:
    """Remove the environments of libraries; what was measured stays."""
    from bench.peers import install as installing
    from bench.peers.known import library, with_peers

    with with_peers(peer_paths):
        for found in [library(name) for name in names]:
            installing.remove(found, click.echo)
