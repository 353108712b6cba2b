"""Two readings of a data set."""

import numpy as np


def assert_same(left, right):
    for name in ("users", "items", "times", "ratings", "user_ids", "item_ids"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)
    for of in ("user_features", "item_features"):
        one, other = getattr(left, of), getattr(right, of)
        for kind in ("categorical", "multi_hot", "dense"):
            np.testing.assert_array_equal(getattr(one, kind), getattr(other, kind), err_msg=kind)
            assert getattr(one, f"{kind}_names") == getattr(other, f"{kind}_names")
        assert one.categorical_sizes == other.categorical_sizes
        assert one.labels == other.labels
