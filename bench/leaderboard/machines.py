"""Machines that records were measured on, as far as sums and clocks may depend on them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from bench.records.record import Record
from bench.text import compact

# Of the environment of a record. By the last two, sums are taken in another order: what numba and
# the libraries compile for, and the kernel that BLAS has chosen. Older records lack them.
FACTS = ("cpu", "cores", "instruction_set", "blas")

WIDEST = ("avx512f", "avx2", "avx", "sse4.2", "sve", "neon")  # extensions, of which one is named

Machine = Mapping[str, Any]


def machine_of(record: Record) -> Machine:
    """What is known of the machine."""
    known = record.environment
    return {name: known[name] for name in FACTS if known.get(name)}


def alike(first: Machine, second: Machine) -> bool:
    """Whether all that is known of both is equal."""
    return all(first[name] == second[name] for name in first.keys() & second.keys())


def usual_machine(records: Iterable[Record]) -> Machine:
    """The machine that most of the records were measured on."""
    machines = {compact(machine): machine for machine in map(machine_of, records)}
    counts = Counter(compact(machine_of(record)) for record in records)
    best = max(counts, key=lambda name: (counts[name], name), default="")
    return machines.get(best, {})


def arithmetic_in_short(environment: Machine) -> list[str]:
    """By what sums were taken, for people: a name and the widest vectors; the kernel of BLAS."""
    name, *extensions = str(environment.get("instruction_set") or "").split() or [""]
    widest = next((each for each in WIDEST if each in extensions), "")
    return [f"{name} {widest}".strip(), str(environment.get("blas") or "")]
