"""Names of timings, and what the reference kernel tells of a cell's clock."""

from collections.abc import Mapping

# Names among the timings of a record.
COMPILE = "compile_seconds"  # of kernels that were not on the disk yet; on no other clock
PREPARE = "prepare_seconds"  # before training: of models in other processes, to start these
CPU = "cell_cpu_seconds"  # of the cell's process and all that it started, from start to end
BEFORE, AFTER = "reference_seconds_before", "reference_seconds_after"
DRIFT, UNITS = "reference_drift", "train_reference_units"


def derived(timings: Mapping[str, float], device: str) -> dict[str, float]:
    """What the kernel's seconds on both sides of a cell tell of the cell's clock, if it has both.

    The drift is how much longer the slower side took. The train time is in units of the mean of
    both; work on another device than the CPU is in no relation to the kernel, and has none.
    """
    before, after = timings.get(BEFORE), timings.get(AFTER)
    if not before or not after:
        return {}
    told = {DRIFT: max(before, after) / min(before, after) - 1}
    if "train_seconds" in timings and device == "cpu":
        told[UNITS] = timings["train_seconds"] / ((before + after) / 2)
    return told
