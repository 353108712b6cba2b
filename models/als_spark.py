"""ALS on Apache Spark, on as many machines as a cluster has (Hu, Koren & Volinsky, ICDM 2008).

It is `pyspark.ml.recommendation.ALS`, whose l2 counts once for each interaction (ALS-WR: Zhou,
Wilkinson, Schreiber & Pan, "Large-scale parallel collaborative filtering for the Netflix prize",
AAIM 2008). So values of als, which has one l2 for all, are not values of this model.
"""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

from bench.adapter import Equations, Run, tolerate
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, log, space, whole

from .shared.factors import LeastSquaresAdapter
from .shared.spark import HERE, no_java, open_session

# Of Java's heap, found by trying: what Spark takes without data, and then for an interaction and
# for a number in a vector.
LEAST_HEAP, OF_INTERACTION, OF_NUMBER = 768 * 2**20, 400, 40

# Shapes: U users, I items, n chosen items of one user, D factors.


@dataclass(kw_only=True)
class ALSSpark(LeastSquaresAdapter):
    """Scores s_ui = w_u . h_i that make this sum the smallest:

        sum (1 + alpha) (1 - s_ui)^2 over the observed pairs + sum s_ui^2 over all others
        + l2 * (sum over u of n_u |w_u|^2 + sum over i of n_i |h_i|^2)

    with n_u the items of a user and n_i the users of an item. Each vector is solved exactly, those
    of items first, then those of users.

    Here Spark is a process with the run's threads, started before the fit. On a cluster, as
    "spark://host:7077", each executor has so many.
    """

    factors: int = 64
    alpha: float = 4.0  # what an interaction weighs more than the 1 of an unobserved pair
    l2: float = 0.1
    iterations: int = 12
    blocks: int = 4  # of users, and of items: so many can be worked on at a time
    master: str = ""  # where Spark runs, in its own words; "": as SPARK_MASTER says, else here

    search = space(
        factors=choice(8, 16, 32, 64, 128, 256),
        alpha=log(1, 100),
        l2=log(1e-4, 1),
        iterations=whole(5, 20),
    )
    tolerances = tolerate("users", "items", hit_rate=0.04, why="first factors are drawn in order")

    def unavailable(self, device: str = "cpu") -> str:
        """Why Spark cannot run here."""
        return no_java()

    def memory_needed(self, n_users: int, n_items: int, n_interactions: int) -> int | None:
        """The heap of Java, which is not all taken where data are few."""
        if not self.place().startswith("local"):
            return None
        numbers = self.factors * (n_users + n_items)
        return LEAST_HEAP + OF_INTERACTION * n_interactions + OF_NUMBER * numbers

    def place(self) -> str:
        """Where Spark runs: the parameter, else the variable SPARK_MASTER, else "local"."""
        return self.master or os.environ.get("SPARK_MASTER", "") or HERE

    def prepare(self, train: Interactions, run: Run) -> None:
        """Start Spark, as `fit` does where it is not started.

        Raises:
            RuntimeError: there is no Java, or Spark does not start.
        """
        self._session(train, run)

    def _session(self, train: Interactions, run: Run) -> SparkSession:
        heap = self.memory_needed(train.n_users, train.n_items, len(train)) or LEAST_HEAP
        return open_session(self.place(), run.threads, heap // 2**20)

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            RuntimeError: there is no Java, or Spark does not start.
        """
        observed = train.matrix().tocoo()  # each pair once
        pairs = pa.table(
            {
                "user": observed.row.astype(np.int32),
                "item": observed.col.astype(np.int32),
                "weight": observed.data.astype(np.float32),
            }
        )
        session = self._session(train, run)
        model = ALS(
            rank=self.factors,
            maxIter=self.iterations,
            regParam=self.l2,
            numUserBlocks=self.blocks,
            numItemBlocks=self.blocks,
            implicitPrefs=True,
            alpha=self.alpha,
            userCol="user",
            itemCol="item",
            ratingCol="weight",
            seed=run.seed,
        ).fit(session.createDataFrame(pairs))
        self._users = vectors(model.userFactors, train.n_users, self.factors)
        self._items = vectors(model.itemFactors, train.n_items, self.factors)

    def equations(self, items: Ids) -> Equations:
        """(Y'Y + alpha V'V + l2 n I) u = (1 + alpha) V'1, V the vectors of the n chosen items.

        It is equation 4 of Hu et al. with an l2 for each interaction.
        """
        chosen = self._items[items].astype(np.float64)
        left = self._of_all() + self.alpha * chosen.T @ chosen
        left[np.diag_indices_from(left)] += self.l2 * len(items)
        return Equations(left, (1 + self.alpha) * chosen)


def vectors(found: Any, count: int, factors: int) -> Floats:
    """The rows (id, features) of a data frame as [count, D]; zeros where there is none."""
    rows = found.toArrow()
    dense = np.zeros((count, factors), dtype=np.float32)
    values = rows["features"].combine_chunks().flatten().to_numpy()
    dense[rows["id"].to_numpy()] = values.reshape(-1, factors)
    return dense
