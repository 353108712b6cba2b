"""A node of a cluster as the driver knows it: its places, and what it cannot measure."""

from dataclasses import dataclass, field

from bench.running.cluster.client import Node
from bench.running.executors.answers import About
from bench.running.executors.executor import Errand


@dataclass(eq=False)
class Member:
    """A node, which has one place until it has said what it can."""

    node: Node
    fit: bool = False  # the canaries were within their bounds there
    places: int = 1  # cells at a time
    free: list[int] = field(default_factory=lambda: [0])  # places
    lacking: dict[str, str] = field(default_factory=dict)  # by model: why it cannot measure it

    def accept(self, about: About, most: int) -> None:
        """Take cells from now on, so many at a time at most."""
        self.fit = True
        self._divide(max(1, min(most, about.places)))

    def alone(self) -> None:
        """Take one cell at a time from now on, with all that the node has."""
        self._divide(1)

    def _divide(self, places: int) -> None:
        self.places, self.free = places, list(range(places))

    def why_not(self, errand: Errand) -> str:
        """Why it cannot measure this one; "" where it can, as far as is known."""
        reasons = (self.lacking.get(each.cell.model, "") for each in errand.planned)
        return next(filter(None, reasons), "")
