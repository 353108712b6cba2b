"""The commands, one file each."""

from bench.cli.main import main

__all__ = ["main"]
