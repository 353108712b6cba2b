"""Remarks around a table of the board: why it is INVALID, what its marks mean, where it is from."""

from collections import defaultdict
from math import sqrt
from typing import Any

from bench.leaderboard import origin, published
from bench.leaderboard.columns import different
from bench.leaderboard.machines import alike, arithmetic_in_short, machine_of, usual_machine
from bench.leaderboard.marks import MARKS
from bench.leaderboard.sections import Section
from bench.leaderboard.statistics import statistics_lines
from bench.records.timings import COMPILE
from bench.text import one_line

HR_SE = "hr_at_10_se"
NO_CANARIES = "canaries: none vouch for this split; `bench run` measures them"


def about(section: Section) -> list[str]:
    """On what data, which machine and which state of the code the figures were measured."""
    records = section.records
    audit = next((record.audit for record in reversed(records) if record.audit), {})
    counts = [
        f"{audit[name]:,} {name.replace('_', ' ')}"
        for name in (
            *("users", "items", "interactions", "tested_users", "untested_users"),
            *("cold_items", "interactions_left_out"),
        )
        if isinstance(audit.get(name), int)
    ]
    lines = [f"Data: {', '.join(counts)}."] if counts else []
    lines += [*origin.verified_lines(records), *_reading(audit)]
    machines = different(_machine(record.environment) for record in records)
    threads = sorted({record.cell.threads for record in records})
    loads = [record.timings["load_before"] for record in records if "load_before" in record.timings]
    speeds = [
        record.timings[name]
        for record in records
        for name in ("reference_seconds_before", "reference_seconds_after")
        if name in record.timings
    ]
    machine = [
        *machines,
        f"{', '.join(sorted({record.cell.device for record in records}))}",
        f"{', '.join(map(str, threads))} thread{'s' * (threads != [1])}",
        *([f"load average before a cell up to {max(loads):.2f}"] if loads else []),
        *([f"reference kernel {min(speeds):.2f} to {max(speeds):.2f} s"] if speeds else []),
    ]
    lines.append(f"Machine: {'; '.join(machine)}.")
    commits = different(_commit(record.environment) for record in records)
    return [*lines, f"Code: git {', '.join(commits)}."] if commits else lines


def _reading(audit: dict[str, Any]) -> list[str]:
    """How a person's own data were read, and what each filter left."""
    steps = [f"{step['name']} ({step['rows']:,} rows)" for step in audit.get("steps", ())]
    notes = "; ".join([*map(str.strip, audit.get("notes", ())), *steps])
    return [f"Read: {one_line(notes)}."] if notes else []


def remarks_below(section: Section) -> list[str]:
    canaries = different(section.canaries) or [NO_CANARIES]
    return [
        *_version(section),
        *_missing(section),
        *_marks(section),
        *_measured_elsewhere(section),
        *statistics_lines(section),
        *_sampled(section),
        *_on_cpu(section),
        *_cold(section),
        *([] if section.tie_rules is None else [one_line(str(section.tie_rules))]),
        *_not_theirs(section),
        *map(one_line, origin.doubtful_lines(section.records)),
        *_compilation(section),
        *canaries,
    ]


def _version(section: Section) -> list[str]:
    """Of which data it is, where the folder has several versions of them."""
    if not section.has_other_versions:
        return []
    return [
        f"{one_line(section.data)} stands here in several versions, and no row is compared with one"
        f" of another: these are of data {section.records[-1].data_sha256[:12]} (SHA-256)"
    ]


def _not_theirs(section: Section) -> list[str]:
    """Why rows stand beside no published figure."""
    found = different(published.other_data(row) for row in section.rows)
    why = "no published figures: the data are not the authors'"
    return [f"{why} ({one_line('; '.join(each for each in found if each))})"] if any(found) else []


def invalid_lines(section: Section) -> list[str]:
    return [f"INVALID: {one_line(reason)}" for reason in section.invalid]


def _missing(section: Section) -> list[str]:
    return [
        f"{one_line(row.model)}: {row.status}, {one_line(row.reason)}"
        for row in section.rows
        if row.reason
    ]


def _marks(section: Section) -> list[str]:
    return [f"{mark.sign} {mark.meaning}" for mark in MARKS if any(map(mark.on, section.rows))]


def _measured_elsewhere(section: Section) -> list[str]:
    """Which rows, or seeds of them, were measured on which machine, where there are several."""
    good = [record for record in section.records if record.status == "ok"]
    usual = usual_machine(good)
    elsewhere: dict[str, list[str]] = defaultdict(list)
    for row in section.rows:
        seeds: dict[str, list[int]] = defaultdict(list)
        for record in row.records:
            if record.status == "ok" and not alike(machine_of(record), usual):
                seeds[_machine(record.environment)].append(record.cell.seed)
        for machine, some in seeds.items():
            which = "" if len(some) == row.seeds else f" (seed {', '.join(map(str, some))})"
            elsewhere[machine].append(f"{one_line(row.model)}{which}")
    if not elsewhere:
        return []
    most = different(_machine(r.environment) for r in good if alike(machine_of(r), usual))
    said = [f"{machine}: {', '.join(rows)}" for machine, rows in sorted(elsewhere.items())]
    return [f"measured on {'; on '.join(map(one_line, said))}; all else on {'; '.join(most)}"]


def _sampled(section: Section) -> list[str]:
    """Say where only a sample of the test users was scored, and how far it is from all of them."""
    return [
        f"figures of a sample of {size:,} test users, the same for all rows{_of_all(section, size)}"
        for size in sorted({record.cell.eval_users for record in section.records} - {0})
    ]


def _of_all(section: Section, size: int) -> str:
    """The standard error of a sample as an estimate of the figure of all test users.

    In a finite population it is sqrt(1 - n/N) times that of as many from an infinite one, which
    the board has (Cochran, Sampling Techniques, 1977, section 2.6).
    """
    behind = [record for record in section.records if record.cell.eval_users == size]
    everybody = max((record.audit.get("tested_users", 0) for record in behind), default=0)
    errors = [record.metrics[HR_SE] for record in behind if HR_SE in record.metrics]
    if not errors or everybody <= size:
        return ""
    error = f"{max(errors) * sqrt(1 - size / everybody):.4f}"
    return f"; beside the HR@10 of all {everybody:,} theirs has a standard error of at most {error}"


def _on_cpu(section: Section) -> list[str]:
    """Which models were fitted on the CPU, though the rows say another device."""
    names = {
        one_line(row.model)
        for row in section.rows
        for record in row.records
        if record.cell.device != record.environment.get("fitted_on", record.cell.device)
    }
    if not names:
        return []
    said = ", ".join(sorted(names))
    return [f"fitted on the CPU, for they use no GPU, whatever --device says: {said}"]


def _compilation(section: Section) -> list[str]:
    """What a first run had to compile, which is on no clock of the table."""
    seconds: dict[str, float] = {}
    for record in section.records:
        taken = record.timings.get(COMPILE, 0.0)
        seconds[record.cell.model] = max(taken, seconds.get(record.cell.model, 0.0))
    some = [f"{one_line(model)} {taken:.0f} s" for model, taken in seconds.items() if taken >= 0.5]
    why = "kernels were compiled, once and on no clock of the table"
    return [f"{why}: {', '.join(some)}"] if some else []


def _cold(section: Section) -> list[str]:
    """How to read the two standings of cold items."""
    if not any("beside_hr_at_10" in row.figures for row in section.rows):
        return []
    return [
        "sampled, exact and full figures, and tiers, are among cold items alone; beside warm ones a"
        " model can give them more places by scoring all of them higher: that is a knob and no"
        " quality, so read it with their share of the top 10"
    ]


def sources(section: Section) -> list[str]:
    """Where the published figures come from, and for which models."""
    models: dict[tuple[str, str, str], set[str]] = {}
    for row in section.rows:
        if found := published.target(row):
            models.setdefault((found.source, found.origin, found.link), set()).add(row.label)
    return [
        f"published for {', '.join(sorted(names))}: {source} ({origin}), {link}"
        for (source, origin, link), names in sorted(models.items())
    ]


def _machine(environment: dict[str, Any]) -> str:
    cores, memory = environment.get("cores"), environment.get("memory_mb")
    facts = [
        str(environment.get("cpu") or ""),
        f"{cores} cores" if cores else "",
        *arithmetic_in_short(environment),
        f"{memory / 1024:.0f} GB" if isinstance(memory, int | float) else "",
    ]
    return ", ".join(fact for fact in facts if fact)


def _commit(environment: dict[str, Any]) -> str:
    commit = str(environment.get("git_commit") or "")[:12]
    return f"{commit} with local changes" if commit and environment.get("git_dirty") else commit
