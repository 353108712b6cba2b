"""Everything that numba compiles for models."""
