"""Models that start an engine for each fit: ten seconds and more, a hundred times over."""

from bench.registry import names

#: `bench certify` holds them to the laws, and they have tests of their own.
ENGINES = {"als_spark"}


def light_models() -> list[str]:
    """The names of all other models of the checkout."""
    return sorted(names.files("models").keys() - ENGINES)
