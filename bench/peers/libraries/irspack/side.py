"""irspack: recommenders in C++ over matrices. Hyper-parameters have the library's names."""

from irspack.recommenders import (
    AsymmetricCosineUserKNNRecommender,
    CosineKNNRecommender,
    DenseSLIMRecommender,
    EDLAERecommender,
    IALSRecommender,
    RP3betaRecommender,
    SLIMRecommender,
)

MODELS = {
    "ials": IALSRecommender,
    "slim": SLIMRecommender,
    "ease": DenseSLIMRecommender,
    "edlae": EDLAERecommender,
    "rp3beta": RP3betaRecommender,
    "knn": CosineKNNRecommender,
    "userknn": AsymmetricCosineUserKNNRecommender,
}
OF_ALGEBRA = ("ease", "edlae")  # which takes the threads of BLAS
ALL = 0  # where None keeps all neighbours, which no file of settings can say


class Side:
    """One of its recommenders."""

    def __init__(self, model, settings, data, seed, threads):
        self.n = len(data.users)
        given = {name: value for name, value in settings.items() if (name, value) != ("top_k", ALL)}
        if model not in OF_ALGEBRA:
            given["n_threads"] = threads
        if model == "ials":
            given["random_seed"] = seed
        self.model = MODELS[model](data.matrix(), **given)

    def fit(self, epoch):
        """Learn; iALS by epochs, the others in one go."""
        if not isinstance(self.model, IALSRecommender):
            self.model.learn()
            return
        self.model.start_learning()
        for _ in range(self.model.train_epochs):
            self.model.run_epoch()
            if epoch(samples=self.n):
                break

    def scores(self, users):
        """Its own scores."""
        return self.model.get_score(users)
