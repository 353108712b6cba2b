"""Suites: TOML files that say which models, data, parameters and seeds make up a comparison.

A suite is data only: nothing in it is run.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from bench.errors import BadParameter, UsageError, unknown
from bench.interactions import DataSet
from bench.protocol.protocols import protocols_of
from bench.registry import names
from bench.registry.blame import BadSuite, blamed, where
from bench.registry.datasets import load_data, parse_dataset
from bench.registry.own_data import agreed, own_dataset, path_of
from bench.registry.parameters import PLAIN, as_type, is_plain, parse_setting
from bench.text import shown

MOST_LABEL = 60  # characters
WAY, PRIOR = "prior", ("tau", "unobserved")  # a way to serve new people, and its parameters
MOST_MEMORY = 2**40  # MB


@dataclass(frozen=True, kw_only=True)
class SuiteRow:
    """One row of the board: a model with some of its hyper-parameters set."""

    model: str
    label: str = ""  # its name on the board, where a model stands there twice
    params: dict[str, Any] = field(default_factory=dict)
    tuned: str = ""  # how the values were found
    seeds: tuple[int, ...] = ()  # instead of the suite's
    timeout: float | None = None  # seconds, instead of the suite's
    keep: bool = False  # the fitted model, beside its record
    prior: dict[str, float] = field(default_factory=dict)  # parameters of `bench.fold_in.prior`

    def __post_init__(self) -> None:
        _check_prior(self.prior, f"{self.model}.{WAY}")
        if len(self.label) > MOST_LABEL or not self.label.isprintable():
            raise BadSuite(
                f"label must be one printable line of at most {MOST_LABEL} characters,"
                f" not {shown(self.label)}"
            )
        for parameter, value in self.params.items():
            # Of numbers that are not finite the parameter's own check has better words.
            if not isinstance(value, float) and not is_plain(value):
                where = f"{self.model}.{parameter}"
                raise BadParameter(f"{where} must be {PLAIN}, not {shown(value)}")


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A comparison: every row x every seed is a cell."""

    dataset: str  # its name; parameters may follow, as "synthetic:scale=10"; "": given in memory
    rows: tuple[SuiteRow, ...]
    name: str = ""
    file: Path | None = None
    extends: str = ""  # a suite by name, whose rows come first
    protocol: str = "loo-99"
    seeds: tuple[int, ...] = (0,)
    timeout: float = 1800.0  # seconds a cell
    memory_limit: int = 0  # MB a cell; 0 is most of the machine's
    min_rating: float | None = None  # only interactions rated at least this high count
    eval_users: int | None = None  # only a sample of so many test users is scored
    prior: dict[str, float] = field(default_factory=dict)  # of rows that do not say another
    keep: bool = False  # the fitted models of all rows

    def __post_init__(self) -> None:
        if self.dataset:
            names.find("datasets", parse_dataset(self.dataset)[0])
        if self.extends:
            names.find("suites", self.extends)
        for row in self.rows:
            names.find("models", row.model)
        protocols_of(self.protocol)
        _check_prior(self.prior, WAY)
        for seeds in (self.seeds, *(row.seeds or self.seeds for row in self.rows)):
            if not seeds or min(seeds) < 0:
                raise BadSuite(f"seeds must be whole numbers from 0, not {list(seeds)}")
        for timeout in (self.timeout, *(row.timeout for row in self.rows)):
            if timeout is not None and not timeout > 0:
                raise BadSuite(f"timeout must be more than 0 seconds, not {timeout:g}")
        if not 0 <= self.memory_limit <= MOST_MEMORY:
            raise BadSuite(
                f"memory_limit must be 0 to {MOST_MEMORY} MB, not {shown(self.memory_limit)}"
            )
        if self.eval_users is not None and self.eval_users < 1:
            raise BadSuite(f"eval_users must be 1 or more users, not {self.eval_users}")


OURS = {"name", "file"}  # not for a suite file to say
BY_HAND = "by hand, with --set"
TUNED_FOR = ("dataset", "min_rating")  # changes of these leave the values, but not how they fit
Table = TypeVar("Table", Suite, SuiteRow)


def load(name: str) -> Suite:
    """Read a suite by name, or by the path of a .toml file.

    Raises:
        UnknownName: there is no such suite, or it names something that does not exist.
        BadSuite: the file is not a suite.
    """
    suite = _read(Path(name) if name.endswith(".toml") else names.find("suites", name))
    if not suite.extends:
        return _agreed(suite)
    other = _read(names.find("suites", suite.extends))
    if other.extends:
        raise BadSuite(f"{suite.file}: extends {other.name!r}, which itself extends another suite")
    return _agreed(replace(suite, rows=(*_for(vars(suite), other), *suite.rows)))


def with_defaults(suite: Suite, dataset: str) -> Suite:
    """All models of a suite, each once and with its defaults, for another data set."""
    models = dict.fromkeys(row.model for row in suite.rows)
    return Suite(dataset=dataset, rows=tuple(SuiteRow(model=model) for model in models))


def _agreed(suite: Suite) -> Suite:
    """The suite, its protocol and minimum rating as the file of its data is to be read."""
    dataset, protocol, min_rating = agreed(suite.dataset, suite.protocol, suite.min_rating)
    return replace(suite, dataset=dataset, protocol=protocol, min_rating=min_rating)


def _read(path: Path) -> Suite:
    """A suite as its file alone has it."""
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except RecursionError:
        raise BadSuite(f"{path}: its brackets are nested too deeply") from None
    except (OSError, ValueError) as error:
        raise BadSuite(f"{path}: {error}") from None
    try:
        rows = values.pop("rows", [])
        if not isinstance(rows, list) or not (rows or values.get("extends")):
            raise BadSuite("a suite needs at least one [[rows]] with a model")
        if "data" in values:
            values["dataset"] = _own_dataset(values, path.parent)
        suite = _build(Suite, values | {"rows": ()}, "suite")
        return replace(
            suite,
            name=path.stem,
            file=path,
            rows=tuple(_build(SuiteRow, row, "row") for row in rows),
        )
    except (ValueError, LookupError) as error:
        raise BadSuite(f"{where(path, text, str(error))}: {error}") from None


def _own_dataset(values: dict[str, Any], folder: Path) -> str:
    """The data set of a [data] table, which is taken out of the values of a suite."""
    table = values.pop("data")
    if "dataset" in values:
        raise BadSuite("a suite has 'dataset' or a table [data], not both")
    if not isinstance(table, dict) or not isinstance(table.get("path"), str):
        raise BadSuite("[data] needs a 'path', as path = \"ratings.csv\"")
    given = {name: value for name, value in table.items() if name != "path"}
    return own_dataset(Path(table["path"]), given, folder=folder)


def blame(suite: Suite, row: SuiteRow, reason: str) -> Exception:
    """The error for a row with a bad parameter, with the line of the suite that it stands in."""
    return blamed(BadParameter(reason), None if row.tuned == BY_HAND else suite.file)


def data_of(suite: Suite, data_dir: Path | None) -> DataSet:
    """Load the data set of a suite; what is wrong with its parameters is said with their line.

    Raises:
        UsageError: it cannot be used as the suite has it.
    """
    try:
        return load_data(suite.dataset, data_dir)
    except UsageError as error:
        if suite.file is None or not _is_its_own(suite.dataset, suite.file):
            raise
        raise blamed(error, suite.file, otherwise=("[data]", "dataset")) from None


def _is_its_own(dataset: str, file: Path) -> bool:
    """Whether a suite's file has the data set, and not the command line."""
    own = _read(file).dataset
    return dataset == own or path_of(dataset) == path_of(own) is not None


def _build(cls: type[Table], values: Any, what: str) -> Table:
    """A dataclass from a TOML table, with its keys and the types of its values checked."""
    if not isinstance(values, dict):
        raise BadSuite(f"a {what} must be a table, not {shown(values)}")
    types = get_type_hints(cls)
    for key in values:
        if key not in types or key in OURS:
            raise unknown(f"key of a {what}", key, types.keys() - OURS)
    for needed in ("dataset", "model"):
        if needed in types and needed not in values:
            raise BadSuite(f"a {what} needs the key {needed!r}")
    return cls(**{key: as_type(value, types[key], key) for key, value in values.items()})


def narrow(
    suite: Suite,
    *,
    models: Sequence[str] | None = None,
    settings: Sequence[str] = (),
    **changes: Any,
) -> Suite:
    """A suite as the command line changes it.

    Args:
        suite: the suite to start from.
        models: only these; one that the suite does not have joins with its defaults.
        settings: "model.parameter=value" for every row of that model.
        changes: fields of the suite, where they are not None.

    Raises:
        UnknownName: a name that does not exist.
        BadParameter: a setting that is not of its form.
    """
    rows = list(suite.rows)
    if models is not None:
        for name in models:
            names.find("models", name)
        chosen = [row for row in rows if row.model in models]
        had = {row.model for row in chosen}
        rows = chosen + [SuiteRow(model=name) for name in dict.fromkeys(models) if name not in had]
    for text in settings:
        model, parameter, value = parse_setting(text)
        known = {row.model for row in rows}
        if model not in known:
            raise unknown("model in this run", model, known)
        rows = [_with_setting(row, parameter, value) if row.model == model else row for row in rows]
    given = {key: value for key, value in changes.items() if value is not None}
    if "seeds" in given:
        rows = [replace(row, seeds=()) for row in rows]
    rows_of_it = _for(given, replace(suite, rows=tuple(rows)))
    return _agreed(replace(suite, rows=rows_of_it, **given))


def _check_prior(given: Mapping[str, Any], where: str) -> None:
    for name, value in given.items():
        if name not in PRIOR:
            raise unknown(f"parameter of {where}", name, PRIOR)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value < inf or (name == "tau" and not value):
            least = "above 0" if name == "tau" else "0 or more"
            raise BadParameter(f"{where}.{name} must be a number {least}, not {shown(value)}")


def _with_setting(row: SuiteRow, parameter: str, value: Any) -> SuiteRow:
    if parameter.startswith(f"{WAY}."):  # of how new people are served, and not of the model
        return replace(row, prior=row.prior | {parameter.removeprefix(f"{WAY}."): value})
    return replace(row, params=row.params | {parameter: value}, tuned=BY_HAND)


def _for(wanted: Mapping[str, Any], suite: Suite) -> tuple[SuiteRow, ...]:
    """The rows of a suite; they say so where their values were found for other data than wanted."""
    if all(wanted.get(key, getattr(suite, key)) == getattr(suite, key) for key in TUNED_FOR):
        return suite.rows
    return tuple(
        replace(row, tuned=f"for {suite.dataset}: {row.tuned}" if row.tuned else "")
        for row in suite.rows
    )
