"""The answer of `bench compare --results X Y Z` in words, and for programs."""

import json
from dataclasses import asdict

from bench.compare.several import Ranking
from bench.compare.words import counted, listed, percent, table
from bench.statistics.user_figures import FIGURES


def ranking_text(ranking: Ranking) -> str:
    """A table of strengths, and what they mean."""
    fields = [f"{field.name} ({field.values.shape[1]:,} users)" for field in ranking.fields]
    lines = [
        [
            str(place),
            each.model,
            f"{each.fields} of {len(fields)}",
            f"{each.value:+.3f}",
            f"{each.low:+.3f} to {each.high:+.3f}",
            _places(each.best_place, each.worst_place),
            "" if each.beats_next is None else percent(each.beats_next),
        ]
        for place, each in enumerate(ranking.strengths, start=1)
    ]
    titles = ["#", "model", "data sets", "strength", "95 %", "places", "stronger than next"]
    said = [
        f"{counted(len(lines), 'model')} over {counted(len(fields), 'data set')}:"
        f" {'; '.join(fields)}",
        table(titles, lines, left=2),
        f"Strengths are Bradley & Terry's, from whose {FIGURES[ranking.figure].title} is higher for"
        " each user within each data set, which all count the same; no figure is averaged over data"
        " sets. With d more strength a model is better for 1 / (1 + exp(-d)) of the users: .4 more"
        " is 60 %. Intervals, places (95 %) and the last column are of draws of users, of these"
        " fits and these data sets.",
        *_first(ranking),
    ]
    if ranking.alone:
        said.append(f"Left out, in one data set alone: {listed(ranking.alone)}.")
    return "\n\n".join(said)


def _places(best: int, worst: int) -> str:
    return str(best) if best == worst else f"{best}-{worst}"


def _first(ranking: Ranking) -> list[str]:
    """Who is first, as far as it can be said."""
    equals = [each.model for each in ranking.strengths if each.best_place == 1]
    if len(equals) == 1:
        return [f"{equals[0]} is the strongest."]
    return [f"Which is the strongest is open among {listed(equals)}."]


def ranking_json(ranking: Ranking) -> str:
    """The same for programs."""
    values = {
        "figure": ranking.figure,
        "fields": [
            {"name": field.name, "users": field.values.shape[1], "models": field.models}
            for field in ranking.fields
        ],
        "strengths": [asdict(each) for each in ranking.strengths],
        "alone": ranking.alone,
    }
    return json.dumps(values, indent=2)
