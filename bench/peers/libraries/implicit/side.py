"""implicit: factors, and neighbours of items. Hyper-parameters have the library's names."""

from contextlib import suppress

from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from threadpoolctl import threadpool_limits

MODELS = {
    "als": AlternatingLeastSquares,
    "bpr": BayesianPersonalizedRanking,
    "cosine": CosineRecommender,
    "bm25": BM25Recommender,
}
BY_FACTORS = ("als", "bpr")  # and by chance: these take a seed


class Enough(Exception):
    """Ends its loop: a callback has no other way."""


class Side:
    """One of its models."""

    def __init__(self, model, settings, data, seed, threads):
        self.matrix = data.matrix()
        self.by_factors = model in BY_FACTORS
        chance = {"random_state": seed} if self.by_factors else {}
        self.model = MODELS[model](num_threads=threads, **settings, **chance)
        # Only its ALS tells of its iterations: BPR of the CPU takes no callback.
        self.tells = model == "als"
        # It has threads of its own, which those of BLAS get in the way of.
        threadpool_limits(1, "blas")

    def fit(self, epoch):
        """Learn; an iteration of ALS goes over all interactions."""

        def after(iteration, seconds, loss):
            if epoch(samples=self.matrix.nnz):
                raise Enough

        with suppress(Enough):
            callback = {"callback": after} if self.tells else {}
            self.model.fit(self.matrix, show_progress=False, **callback)

    def scores(self, users):
        """Products of factors, or sums of the similarities to what a user has chosen."""
        if self.by_factors:
            return self.model.user_factors[users] @ self.model.item_factors.T
        return (self.matrix[users] @ self.model.similarity).toarray()
