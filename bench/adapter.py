"""The one interface between the benchmark and a recommender."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple, Self, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Floats, Ids, Interactions
from bench.space import Space, space

#: What a model may need beside who chose what. It is the order of a user's items, features of
#: items, and vectors of their texts (`Features.text_vectors`), which the harness makes beforehand.
#: "fresh process" is an interpreter of its own, where it would not do in a fork of another.
Need = Literal["order", "item features", "text vectors", "fresh process"]
#: Called after an epoch with its samples and its loss; returns True when training should end.
Report = Callable[[int, float | None], bool]


def go_on(samples: int, loss: float | None) -> bool:
    """Never ask a model to stop."""
    return False


class Run:
    """What a fit needs to know that is not a hyper-parameter.

    The clock and the learning curve are kept by the harness, where a model cannot touch them.
    """

    def __init__(
        self, seed: int = 0, device: str = "cpu", threads: int = 1, *, report: Report = go_on
    ) -> None:
        """Set up a run; by hand only in tests of a model, where `report` hears of each epoch."""
        self.seed = seed  #: of all randomness
        self.device = device  #: "cpu" or "cuda"
        self.threads = threads  #: that a fit may use
        self._epochs, self._report = 0, report

    def epoch(self, *, samples: int, loss: SupportsFloat | None = None) -> bool:
        """Call once after each epoch; end training when it returns True.

        It moves the progress bar, records the learning curve and, when tuning, lets the harness
        look at the validation items with the training clock stopped: the model must be able to
        score at this moment.

        Args:
            samples: training examples processed in this epoch, negatives included.
            loss: mean training loss of the epoch, where there is one.

        Raises:
            FloatingPointError: the loss is NaN or infinite.
            ValueError: samples is no count, as a negative number.
        """
        self._epochs += 1
        count = _count(samples, self._epochs)
        if loss is not None:  # perhaps a number of numpy, or torch's, where a gradient would warn
            loss = float(loss.detach() if hasattr(loss, "detach") else loss)
            if not math.isfinite(loss):
                raise FloatingPointError(
                    f"training diverged: the loss of epoch {self._epochs} is {loss}"
                )
        return self._report(count, loss)


def _count(samples: Any, epoch: int) -> int:
    try:
        count = int(samples)  # perhaps a number of torch or numpy
    except (ValueError, OverflowError):  # NaN, infinity
        count = -1
    if not 0 <= count < 2**63:
        raise ValueError(f"samples of epoch {epoch} must be a count, not {samples}")
    return count


#: What a fitted model knows, as arrays by name, with numbers and truth values of any shape.
State = dict[str, NDArray[Any]]


class Embeddings(NamedTuple):
    """Vectors whose dot product is the score.

    Some models have biases in them, as the last columns: one that is the same for all items (it
    meets what a user adds), or for all users (it meets what an item adds). They belong to the
    score, and not to the question which items are alike.
    """

    users: Floats  #: [n_users, d]
    items: Floats  #: [n_items, d]
    biases: int = 0  #: how many of the last columns are biases, or the ones that biases meet


class Equations(NamedTuple):
    """Equations of the vector u of a user with n chosen items: left u = sum of the rows of right.

    The score of item j, v_j'u, is then a sum over the chosen items i of v_j' left^-1 right_i.
    """

    left: NDArray[np.float64]  #: [d, d], symmetric and positive definite
    right: NDArray[np.float64]  #: [n, d]


#: What features are of.
Side = Literal["users", "items"]


class Tolerance(NamedTuple):
    """How far a law of `bench certify` may be missed, and why."""

    figure: str  #: "scores", in ranges of the scores, or "HR@10"
    value: float  #: the most that a law may be missed by
    why: str  #: what in the model's arithmetic depends on order


Tolerances = dict[str, Tolerance]  #: by the name of the law
LARGEST_TOLERANCE = {"scores": 0.05, "HR@10": 0.05}  #: a wider one would allow nearly anything


def tolerate(*laws: str, why: str, scores: float = 0.0, hit_rate: float = 0.0) -> Tolerances:
    """The same tolerance for some laws; several are joined by `|`.

    Args:
        laws: their names in `bench.certify.laws`, as "users".
        why: what in the model's arithmetic depends on order.
        scores: the largest difference of a score, as a share of the range of all; for a model
            that ends its iterations, or decides between equals, by their order.
        hit_rate: the largest difference of the mean HR@10; for a model that draws in order.

    Raises:
        ValueError: not one of both figures is given, it is too large, or there is no reason.
    """
    given = {"scores": scores, "HR@10": hit_rate}
    figures = [name for name, value in given.items() if value]
    if len(figures) != 1 or not why.strip():
        raise ValueError("tolerate() takes scores or hit_rate, and says why")
    figure = figures[0]
    if not 0 < given[figure] <= LARGEST_TOLERANCE[figure]:
        raise ValueError(
            f"a tolerance of {figure} must lie in 0..{LARGEST_TOLERANCE[figure]:g},"
            f" not {given[figure]:g}"
        )
    return dict.fromkeys(laws, Tolerance(figure, given[figure], why))


class Adapter(ABC):
    """A recommender under test.

    Subclasses are dataclasses with kw_only=True: every field is a hyper-parameter with a default,
    is stored as given and logged with the run. The harness seeds, times and evaluates; an adapter
    only fits and scores. It leaves the global random state alone: all randomness comes from
    run.seed.

    How users and items are numbered, and the order of rows but for their times, mean nothing, and
    ranks do not depend on them (`bench certify`). A model where they do says so in one line::

        tolerances = tolerate("users", "items", hit_rate=0.03, why="vectors are drawn in order")

    A model that looks at times, as one of sequences, says `uses_order = True`: it is skipped where
    a data set has no order. One that does so by some of its hyper-parameters alone, or that needs
    features of items, overrides `needs`.

    A model that learns from features says whose: `uses_features = ("users", "items")`. Where the
    vectors of models are judged by labels, it is marked that this one was given them.

    A model that reads files names them, as `depends = ("weights.npz",)`: where one has changed, it
    is measured again. They, or folders, stand beside the model's file.
    """

    search: ClassVar[Space] = space()  #: what `bench tune` may choose, see bench.space
    tolerances: ClassVar[Tolerances] = {}  #: of laws of `bench certify`; none for most models
    depends: ClassVar[tuple[str, ...]] = ()  #: files that it reads, from its own folder on
    uses_order: ClassVar[bool] = False  #: whether it learns from the order of a user's items
    uses_features: ClassVar[tuple[Side, ...]] = ()  #: whose features it learns from, if any
    #: Whether scores tell which items are alike; not where everybody gets the same, or noise.
    compares_items: ClassVar[bool] = True

    def needs(self) -> tuple[Need, ...]:
        """What it needs of the data, with its hyper-parameters; it is skipped where that lacks."""
        return ("order",) if self.uses_order else ()

    def unavailable(self, device: str = "cpu") -> str:
        """Why it cannot be fitted here, in a few words; "" where it can.

        Its cells are then skipped, with these words. Only a model that needs more of the machine
        than the libraries that its file imports has to override this.

        Args:
            device: "cpu" or "cuda".
        """
        return ""

    def prepare(self, train: Interactions, run: Run) -> None:  # noqa: B027
        """Get ready for the `fit` that follows; none of it counts as training.

        It is called before memory and CPU are read, and its seconds are recorded by themselves. It
        is for what no other model has to do, as to start a process and hand train over to it: what
        is learned, or computed from train, belongs into `fit`. Who calls `fit` alone loses nothing.
        """

    @abstractmethod
    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train, whose arrays are read-only. A second call starts over.

        The same seed on the same machine and threads gives the same scores.
        """

    @abstractmethod
    def scores(self, users: Ids) -> Floats:
        """Score every item for these users: [b] -> float32 [b, n_items], higher is better, finite.

        Items that a user has already seen need no special care: the protocol leaves them out.
        """

    def pair_scores(self, users: Ids, items: Ids) -> Floats:
        """Score items[j] for users[j]: [b], [b, c] -> float32 [b, c].

        By default it is taken from scores(); override it where scoring a few items costs less.
        """
        return np.take_along_axis(self.scores(users), items, axis=1)

    def memory_needed(self, n_users: int, n_items: int, n_interactions: int) -> int | None:
        """The bytes that fit and scoring need at once on data of this size; None if few.

        It is asked before fit. A cell that would need more than its limit is skipped, and says so.
        Only a model whose need grows faster than the data, as items^2, has to override this.
        """
        return None

    def embeddings(self) -> Embeddings | None:
        """The vectors whose dot products are the scores, or None when there are none."""
        return None

    def state(self) -> State | None:
        """What scores need beside the interactions of train, to be used in another process.

        None: the model cannot be kept; its vectors can. Hyper-parameters are no part of it.
        """
        return None

    def restore(self, state: State, train: Interactions) -> None:
        """Be as after the fit whose `state()` this is: scores are the same, bit for bit.

        Args:
            state: as `state()` gave it.
            train: what that fit learned from.

        Raises:
            NotImplementedError: the model has no state.
            KeyError, ValueError: the state is not one of a model with these hyper-parameters.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be restored: it has no state()")

    def welcome(self, people: Interactions) -> Self:
        """A copy of the fitted model whose users are these people, its items as they were.

        Args:
            people: interactions of other users over the same catalogue, ordered by user, then time.

        Raises:
            NotImplementedError: the model cannot take people in without another fit.
        """
        raise NotImplementedError(f"{type(self).__name__} takes no new people without another fit")

    def equations(self, items: Ids) -> Equations | None:
        """The equations that the vector of a user who chose these items solves; int32 [n], by time.

        None where a user's vector is no solution of linear equations. For models whose scores are
        dot products, fitted by least squares to 1 for what is chosen and to 0 for the rest.
        """
        return None
