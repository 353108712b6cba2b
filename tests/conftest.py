"""Shared by all tests."""

import os

from hypothesis import settings

# As the harness does for a cell: with more threads than idle cores, torch waits for itself.
for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")

# The first example pays for imports, and the machine is shared: time is no property of the code.
settings.register_profile("bench", deadline=None)
settings.load_profile("bench")
