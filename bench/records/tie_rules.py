"""Rules for items of equal time, and what they would give popularity: a JSON file.

`bench.evaluation.tie_rules` computes it, once for a data set under a protocol.
"""

from dataclasses import dataclass
from typing import Any

from bench.records.files import Kept
from bench.text import file_name


@dataclass(frozen=True, kw_only=True)
class TieRules(Kept):
    """Of the users tested, how many have a tie at their latest time, and what rules make of it."""

    KIND = "tie rules"
    SCHEMA = 1

    dataset: str
    protocol: str
    data_sha256: str
    users: int
    tied: int
    ours: str  # the rule of the protocol, one of those in popularity
    popularity: dict[str, float]  # popularity's exact HR@10, by rule
    bounds: tuple[str, ...]  # the rules that go by popularity itself
    started: str = ""  # never: the same data give the same file
    schema: int = SCHEMA

    @property
    def stem(self) -> str:
        """Name of its file, without the ending."""
        return f"{file_name(f'{self.dataset}.{self.protocol}')}.{self.data_sha256[:16]}"

    @classmethod
    def parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The names of the rules that are bounds."""
        return {"bounds": tuple(values["bounds"])}

    def __str__(self) -> str:
        found = self.popularity
        rules = [rule for rule in found if rule not in self.bounds]
        at_all = [found[rule] for rule in self.bounds]
        others = ", ".join(rule for rule in rules if rule != self.ours)
        by_others = [found[rule] for rule in rules if rule != self.ours]
        low, high = min(by_others), max(by_others)
        bounds = " or ".join(self.bounds)
        return (
            f"tie rule: {self.tied:,} of {self.users:,} tested users ({self.tied / self.users:.0%})"
            f" have several items at their latest time, of which {self.ours} is held out; exact"
            f" HR@10 of popularity is {found[self.ours]:.4f} so, {low:.4f} to {high:.4f} by other"
            f" rules ({others}), and {min(at_all):.4f} to {max(at_all):.4f} by {bounds}"
        )
