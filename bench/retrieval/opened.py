"""The kept models of a results folder, to be asked: similar items, recommendations, titles."""

from collections.abc import Sequence
from pathlib import Path

from bench.errors import UsageError, unknown
from bench.kept.manifest import STATE
from bench.kept.model import CannotBeRestored, KeptModel, has_code
from bench.kept.open import Summary, kept_models, open_kept
from bench.records.folder import Results
from bench.retrieval.answer import WIDTH, Answer, facts_of, line_of
from bench.retrieval.filters import Wanted
from bench.retrieval.in_use import InUse
from bench.retrieval.recommend import for_person, for_user
from bench.retrieval.similar import LEAST_USERS, MEASURES, Measure, NoVectors, similar
from bench.retrieval.taste import Taste
from bench.retrieval.typed import (
    Titled,
    check_count,
    check_text,
    texts_typed,
    title_typed,
    titles_typed,
)
from bench.text import shown


class OtherData(UsageError):
    """Kept models that learned from different versions of the data."""


class Opened:
    """What is kept in a results folder. Each model is read once, when it is first asked."""

    def __init__(
        self, results: Results, dataset: str | None = None, seed: int | None = None
    ) -> None:
        """Data set and seed are needed where there are several."""
        self.results, self._dataset, self._seed = results, dataset, seed
        self._in_use: dict[str | None, InUse] = {}
        self._by_folder: dict[Path, InUse] = {}

    @property
    def models(self) -> list[str]:
        """The names of the kept models, the one with the best exact NDCG@10 first."""
        return list(dict.fromkeys(each.name for each in self._kept()))

    def similar(
        self,
        title: Titled,
        *,
        n: int = 10,
        by: Measure | None = None,
        least_users: int = LEAST_USERS,
        model: str | None = None,
    ) -> Answer:
        """The items most like one.

        Args:
            title: as people type it: "Alien", "alien (1979)"; or an id: 1214, "#1214".
            n: how many at most.
            by: "centred" or "cosine", of vectors less their mean or as they are, or "dot", which
                puts popular items first; "weights", of the item in the scores of others, where
                scores are sums over a person's items. None: what suits the model.
            least_users: items that fewer users have in train are left out.
            model: a kept one. None: the best by exact NDCG@10.

        Raises:
            bench.UsageError: nothing is called so, or several are; nothing is kept; or the model
                compares no items.
            bench.Problem: what is kept is damaged.
        """
        return _similar(self.use(model), title, n, by, least_users)

    def similar_by_each(
        self,
        title: Titled,
        *,
        n: int = 5,
        by: Measure | None = None,
        least_users: int = LEAST_USERS,
    ) -> list[Answer]:
        """The items most like one, for each kept model that compares items so, the best first.

        Raises:
            bench.UsageError: as `similar`; or the models learned from different data.
        """
        self.use(None)  # what is kept is of one data set, or else it says so
        firsts: dict[str, Summary] = {}  # of several seeds the best one
        for each in self._of_one_version():
            if each.kept.kind != "none":
                firsts.setdefault(each.name, each)
        asked = [self._use_of(each) for each in firsts.values()]
        asked = [use for use in asked if by != "weights" or _weighs(use)]
        if not asked:
            raise NoVectors("no kept model has weights between items, as ease, slim and knn have")
        return [_similar(use, title, n, by, least_users) for use in asked]

    def recommend(
        self,
        user: str | int | None = None,
        *,
        likes: str | Sequence[Titled] = (),
        dislikes: str | Sequence[Titled] = (),
        n: int = 10,
        why: bool = True,
        genres: str | Sequence[str] = (),
        years: str | None = None,
        way: str | None = None,
        model: str | None = None,
    ) -> Answer:
        """What a user of the data would like, or a person who likes some items.

        Args:
            user: an id of the data.
            likes: titles or ids of a person who is not in the data; or one text with all of them,
                between commas or semicolons.
            dislikes: the same; a disliked item takes away half of what it would add as a liked one.
            n: how many at most.
            why: whether to give reasons.
            genres: only items of at least one of them.
            years: only items of these, as "1980-1999", "1980-", "-1999" or "1999".
            way: how a person who is not in the data is served: "own", "alike" or "prior", see
                `bench.fold_in`. None: own, where the model has it, else alike.
            model: a kept one. None: the best by exact NDCG@10 of those that can recommend.

        Raises:
            bench.UsageError: no such user; none of the likes is known; a title means several items;
                and other mistakes.
            bench.Problem: only vectors of the model are kept, or what is kept is damaged.
        """
        liked, disliked = titles_typed("likes", likes), titles_typed("dislikes", dislikes)
        if (user is not None) == any(liked):
            both = user is not None
            raise UsageError(f"recommend takes a user or likes{', not both' if both else ''}")
        if user is not None and any(disliked):
            raise UsageError("dislikes go with likes, not with a user of the data")
        if user is not None and way is not None:
            raise UsageError(
                "a way is for who is not in the data, and goes with likes; a user of the data has"
                " the scores of the fit"
            )
        check_count("n", n)
        genres = texts_typed("genres", genres, "Sci-Fi")
        check_text("years", years, "1980-1999")
        check_text("way", way, "alike")
        use = self._recommending(model, from_vectors=user is not None)
        catalogue = use.kept.catalogue
        wanted = Wanted.of(genres, years, catalogue)
        if user is not None:
            return for_user(use, str(user), n=n, why=why, wanted=wanted)
        liked, disliked = (
            [title for text in texts for title in use.titles.split(text)]
            for texts in (liked, disliked)
        )
        taste = Taste.of(use.titles, catalogue, liked, disliked)
        return for_person(use, taste, way=way, n=n, why=why, wanted=wanted)

    def films(self, text: str, *, n: int = 20, model: str | None = None) -> Answer:
        """How items are called here: those that are called so, then those with all the words.

        Raises:
            bench.UsageError: there is none, nor anything near it in spelling.
        """
        check_count("n", n)
        use = self.use(model)
        found = use.titles.search(title_typed(text))
        lines = [
            line_of(use.kept, use.labels, item, place)
            for place, item in enumerate(found[:n], start=1)
        ]
        of = "title" if len(found) == 1 else "titles"
        more = f"{len(found) - n:,} more: -n {len(found)} shows all." if len(found) > n else ""
        return Answer(
            said=f"{len(found):,} {of} for {shown(text)}, of {use.kept.cell.dataset}",
            query={"films": text},
            model=facts_of(use.kept),
            score_name="",
            lines=tuple(lines),
            notes=(more,) if more else (),
        )

    def use(self, model: str | None) -> InUse:
        """A kept model by name; None: the best.

        Raises:
            NothingKept, UnknownName, SeveralKept: as `open_kept`.
        """
        check_text("model", model, "als")
        if model not in self._in_use:
            kept = open_kept(self.results, model, self._dataset, self._seed)
            self._in_use[model] = InUse(kept, self._why(kept, model))
        return self._in_use[model]

    def _use_of(self, each: Summary) -> InUse:
        """One of the kept models."""
        if each.folder not in self._by_folder:
            self._by_folder[each.folder] = InUse(KeptModel.read(each.folder))
        return self._by_folder[each.folder]

    def __repr__(self) -> str:
        kept = self._kept()
        if not kept:
            return f"nothing is kept in {self.results.models}"
        lines = [f"{len(kept)} kept models in {self.results.models}"]
        for each in kept:
            figure = "" if each.ndcg is None else f", exact NDCG@10 {each.ndcg:.4f}"
            lines.append(f"  {each.name} (seed {each.kept.cell.seed}) on {each.section}{figure}")
        return "\n".join(lines)[: WIDTH * 100]

    def _kept(self) -> list[Summary]:
        found = kept_models(self.results)
        return [
            each
            for each in found
            if self._dataset in (None, each.dataset, each.section)
            and self._seed in (None, each.kept.cell.seed)
        ]

    def _of_one_version(self) -> list[Summary]:
        """The kept models, where all learned from the same data."""
        found = self._kept()
        first = found[0]
        for each in found:
            if each.kept.data_sha256 != first.kept.data_sha256:
                raise OtherData(
                    f"{first.name} and {each.name} are of different versions of {each.dataset}:"
                    f" SHA-256 {first.kept.data_sha256[:16]}... and"
                    f" {each.kept.data_sha256[:16]}...; keep them again, or name one with --model"
                )
        return found

    def _why(self, kept: KeptModel, asked: str | None) -> str:
        """Why a model answers, where another name was asked for, or none and others are kept."""
        if asked is not None:
            return "" if kept.name == asked else f"the only row of {asked} that is kept"
        others = len(self.models) - 1
        return f"the best of {others + 1} kept models by exact NDCG@10" if others else ""

    def _recommending(self, model: str | None, from_vectors: bool) -> InUse:
        """A model that can recommend: restored, or for users of the data by its own vectors."""
        with_state = [each for each in self._kept() if STATE in each.kept.files]
        able = [each for each in with_state if has_code(each.kept.cell)]
        use = self.use(model)
        kept = use.kept
        # A model whose code is not here says so where it is restored.
        here = has_code(kept.cell) or bool(model) or not able
        if (kept.restorable() and here) or (from_vectors and kept.kind == "vectors"):
            return use
        if model is None and able:
            return InUse(self._use_of(able[0]).kept, "the best of the kept models that recommend")
        if able:
            names = ", ".join(dict.fromkeys(each.name for each in able))
            raise CannotBeRestored(
                f"{kept.name}: {kept.only()} kept; choose by --model one of: {names}"
            )
        raise CannotBeRestored(
            f"no kept model can recommend: of none there is a state to restore, as {kept.name} has"
            " no state(); keep one that has, as bench run --models als --keep"
        )


def _similar(use: InUse, title: Titled, n: int, by: Measure | None, least_users: int) -> Answer:
    check_count("n", n)
    check_count("least_users", least_users, 0)
    if by is not None and by not in MEASURES:
        raise unknown("way to compare items", str(by), MEASURES)
    match = use.titles.find(title_typed(title))
    return similar(
        use.kept,
        use.index(by),
        use.labels,
        match.item,
        n=n,
        least_users=least_users,
        chosen=use.chosen,
        notes=match.notes,
    )


def _weighs(use: InUse) -> bool:
    """Whether a model has weights between items, and can be asked for them."""
    try:
        use.index("weights")
    except (NoVectors, CannotBeRestored):
        return False
    return True
