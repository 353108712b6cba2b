"""What `bench --help` shows: each command once, under what a person wants."""

from pathlib import Path

import click
import pytest
from command import bench_here

from bench.cli.groups import Sections
from bench.cli.main import cli


@click.command(short_help="Words of a command.")
def known() -> None:
    pass


def shown(folder: Path) -> dict[str, list[str]]:
    """The titles of the help, with the lines below each."""
    done = bench_here(folder, "--help")
    assert done.returncode == 0
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            lines = found.setdefault(line[:-1], [])
        elif line.startswith("  ") and found:
            lines.append(line.strip())
    return found


def test_every_command_has_one_line_in_one_section(tmp_path: Path) -> None:
    sections = shown(tmp_path)
    assert list(sections)[:2] == ["Options", "Measure"]
    lines = [line for title, lines in sections.items() if title != "Options" for line in lines]
    assert sorted(line.split()[0] for line in lines) == sorted(cli.commands)
    for line in lines:
        assert line.endswith(".") and not line.endswith("..."), line


def test_a_section_without_commands_is_not_shown() -> None:
    group = Sections("group", sections={"Read": [known], "Use": []})
    text = group.get_help(click.Context(group))
    assert "Read:\n  known  Words of a command.\n" in f"{text}\n"
    assert "Use" not in text


def test_what_measures_shares_its_options() -> None:
    run, tune = (
        {option.opts[0]: option for option in cli.commands[name].params} for name in ("run", "tune")
    )
    shared = {
        *("--set", "--min-rating", "--eval-users", "--data-dir", "--results", "--device"),
        *("--threads", "--timeout", "--memory-limit", "--model-path"),
    }
    assert shared <= run.keys() & tune.keys()
    for name in shared - {"--timeout", "--memory-limit"}:  # their help says of what
        assert run[name].to_info_dict() == tune[name].to_info_dict()


@pytest.mark.parametrize("command", ["run", "tune", "certify"])
def test_a_model_from_outside_is_forgotten_when_the_command_ends(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "outside.py").write_text('"""No model."""\n')
    words = ["--model-path", "outside.py", "--set", "nothing.like=1"]
    for _ in range(2):  # a name that is taken would be another error
        done = bench_here(tmp_path, command, *words)
        assert (done.returncode, "unknown model in this run 'nothing'" in done.stderr) == (2, True)
    assert "unknown model 'outside'" in bench_here(tmp_path, "certify", "outside").stderr
