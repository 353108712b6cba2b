"""Hold a model to laws, in processes of its own that may crash or hang."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from bench import machine
from bench.certify.job import Certify
from bench.certify.laws import FIRST, LAWS
from bench.interactions import Interactions
from bench.isolation.process import Limits, Readers, running
from bench.records.certificates import Certificate, Finding
from bench.registry.models import ModelSpec
from bench.registry.names import knowing_added_models
from bench.registry.sources import source_sha256

THREADS = {"first": 1, "fresh": 1, "two threads": 2}  # of the processes, in this order
# Of what the job says.
READERS: Readers = {"phase": str, "finding": lambda value: Finding(*value)}


def certify(
    row: ModelSpec,
    data: Sequence[Interactions],
    *,
    seed: int,
    timeout: float,
    memory_mb: int,
    work: Path,
) -> Certificate:
    """Hold a model to all laws. Whatever it does, there is a finding of each.

    Args:
        row: the model, and hyper-parameters that somebody gave.
        data: small, each tried under every law.
        timeout: seconds for a law.
        memory_mb: that a process may take.
        work: a folder for what is not kept.
    """
    started = datetime.now(UTC)
    findings: dict[str, Finding] = {}
    with tempfile.TemporaryDirectory(dir=work) as name:
        for process, threads in THREADS.items():
            laws = [law.name for law in LAWS.values() if law.process == process]
            while pending := [law for law in laws if law not in findings]:
                job = Certify(
                    row=row,
                    seed=seed,
                    threads=threads,
                    data=data,
                    laws=pending,
                    kept=Path(name),
                )
                findings |= _hold(job, timeout, memory_mb, work)
                if findings[FIRST].status == "fail":
                    left = (law for law in LAWS if law not in findings)
                    findings |= {law: Finding(law, "not run", f"see {FIRST}") for law in left}
    return Certificate(
        model=row.model,
        code_sha256=source_sha256(row.model),
        params=row.params,
        seed=seed,
        findings=tuple(findings[law] for law in LAWS),
        environment=machine.environment(),
        started=started.isoformat(timespec="milliseconds"),
    )


def _hold(job: Certify, timeout: float, memory_mb: int, work: Path) -> dict[str, Finding]:
    """Look at laws in one process, as far as it comes: there is a finding of one at least.

    A law that it crashes or hangs in fails; those after it are left to another process.
    """
    limits = Limits(threads=job.threads, memory_mb=memory_mb)
    findings: dict[str, Finding] = {}
    law = job.laws[0]
    began: float | None = None  # until then the process loads what is ours
    with running(job, limits, work, knowing_added_models()) as child:
        for kind, value in child.messages(READERS):
            if kind == "phase" and value in job.laws:
                law, began = value, monotonic()
            elif kind == "finding":
                findings[value.law] = value
            if began is not None and monotonic() - began > timeout:
                child.stop(f"stopped after {timeout:g} s")
        ending = child.end()
    if law not in findings:
        reason = ending.reason or "the process ended without a finding"
        findings[law] = Finding(law, "fail", reason)
    return findings
