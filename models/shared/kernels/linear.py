"""Coordinate descent of linear models of the items and of weighted factors, compiled by numba.

Each row of the solution depends on none of the others, so that parts of them may run on threads.
"""

import numpy as np
from numba.core.types import float32, float64, int32, int64, void

from bench.compilation import kernel, part

# Shapes: I items, N candidates of all items, n of one, R rows and C columns of a matrix of observed
# pairs, K of them, D factors, U users.


@part
def count_pairs(owner_starts, owners, near, heads, among):
    """In how many users each two of some items meet: the gram matrix of their columns.

    Each user has a chain of those of the items that were gone through before, so that it costs as
    many steps as the matrix counts.

    Args:
        owner_starts, owners: [I + 1], [K]: users owners[owner_starts[i] : owner_starts[i + 1]]
            have item i.
        near: [n], the items.
        heads: [U], all -1, and so again at the end.
        among: [n, n] or larger, becomes the counts.
    """
    n, total = len(near), 0
    for k in range(n):
        total += owner_starts[near[k] + 1] - owner_starts[near[k]]
    members, before = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int32)
    link = 0
    for k in range(n):
        among[k, :n] = 0
        for o in range(owner_starts[near[k]], owner_starts[near[k] + 1]):
            user = owners[o]
            members[link], before[link] = k, heads[user]
            heads[user] = link
            at = link
            while at >= 0:
                among[k, members[at]] += np.float32(1)
                at = before[at]
            link += 1
    for k in range(n):
        for m in range(k):
            among[m, k] = among[k, m]
        for o in range(owner_starts[near[k]], owner_starts[near[k] + 1]):
            heads[owners[o]] = -1


@part
def count_shared(owner_starts, owners, item, near, heads, shared):
    """How many users of one item each of some others has.

    Args:
        owner_starts, owners, near, heads: as in count_pairs.
        shared: [n] or longer, becomes the counts.
    """
    for o in range(owner_starts[item], owner_starts[item + 1]):
        heads[owners[o]] = 0
    for k in range(len(near)):
        shared[k] = 0
        for o in range(owner_starts[near[k]], owner_starts[near[k] + 1]):
            if heads[owners[o]] == 0:
                shared[k] += np.float32(1)
    for o in range(owner_starts[item], owner_starts[item + 1]):
        heads[owners[o]] = -1


@kernel(
    void(
        float32[:, ::1], int64[::1], int32[::1], int64, int64[::1], int32[::1], float64, float64,
        int64, float64, int64, int64, float32[::1],
    )
)  # fmt: skip
def elastic_net(
    gram, owner_starts, owners, n_users, starts, candidates, l1, l2, sweeps, tolerance,
    first, last, weights,
):  # fmt: skip
    """Non-negative weights that make each item from its candidates.

    For item j with the columns X of its candidates and y its own, the weights w >= 0 minimise

        1/2 |y - X w|^2 + l1 |w|_1 + l2/2 |w|^2

    Coordinate descent in sweeps over all candidates (Friedman, Hastie & Tibshirani, "Regularization
    paths for generalized linear models via coordinate descent", J. Stat. Softw. 33(1), 2010,
    covariance updates of section 2.2), until no weight moves by more than tolerance x the largest.

    Args:
        gram: [I, I], the dot products of the items' columns; [0, 0] to count them where needed.
        owner_starts, owners: the columns, as in count_pairs.
        starts, candidates: [I + 1], [N]: those of item j are candidates[starts[j] : starts[j + 1]].
        sweeps: at most.
        first, last: items first..last-1 are solved.
        weights: [N], of the candidates; those of these items are filled.
    """
    most = 0
    for j in range(first, last):
        most = max(most, starts[j + 1] - starts[j])
    among = np.empty((most, most), dtype=np.float32)  # the gram matrix of the candidates
    pull = np.empty(most, dtype=np.float32)  # X'(y - X w), what moves each weight
    heads = np.full(n_users if len(gram) == 0 else 0, -1, dtype=np.int32)
    for j in range(first, last):
        near, w = candidates[starts[j] : starts[j + 1]], weights[starts[j] : starts[j + 1]]
        n = len(near)
        if len(gram) == 0:
            count_pairs(owner_starts, owners, near, heads, among)
            count_shared(owner_starts, owners, j, near, heads, pull)
        else:
            for k in range(n):
                pull[k] = gram[j, near[k]]
                for m in range(n):
                    among[k, m] = gram[near[k], near[m]]
        w[:] = 0
        for _ in range(sweeps):
            largest, moved = np.float32(0), np.float32(0)
            for k in range(n):
                norm = among[k, k]
                new = np.float32(max(0.0, (pull[k] + norm * w[k] - l1) / (norm + l2)))
                step = new - w[k]
                if step != 0:
                    w[k] = new
                    row = among[k]
                    for m in range(n):
                        pull[m] -= step * row[m]
                largest, moved = max(largest, new), max(moved, abs(step))
            if moved <= tolerance * largest:
                break


@kernel(
    float64(
        int64[::1], int32[::1], float32[:, ::1], float32[:, ::1], float32[::1],
        float32[::1], float32[::1], float32[:, ::1],
    )
)  # fmt: skip
def eals_sweep(starts, columns, fixed, cache, of_column, of_row, l2, rows):
    """Set each number of each row's vector, one after the other, to its best value.

    An observed pair (r, c) adds (1 - s)^2 to the loss, an unobserved one of_row[r] of_column[c] s^2
    with s = rows[r] . fixed[c] (He et al. 2016, equations 12 and 13). A vector costs D^2 + K D.

    Args:
        starts, columns: the observed pairs as CSR, [R + 1], [K].
        fixed: [C, D], the vectors of the other side.
        cache: [D, D], the sum of of_column[c] fixed[c] fixed[c]' over all columns.
        of_column, of_row: [C], [R].
        l2: [R], the weight of a row's |vector|^2.
        rows: [R, D]; changed in place. A row without a pair becomes zeros, its best.

    Returns:
        The loss after it, but for the l2 of the fixed vectors.
    """
    size, most, total = rows.shape[1], 0, 0.0
    for r in range(len(rows)):
        most = max(most, starts[r + 1] - starts[r])
    # A row's vectors lie by factor, one number of all its pairs after the other, for fast loops.
    flat, scores = np.empty(size * most, dtype=np.float32), np.empty(most, dtype=np.float32)
    extra = np.empty(most, dtype=np.float32)  # the weight of an observed pair above an unobserved
    for r in range(len(rows)):
        p, own = rows[r], columns[starts[r] : starts[r + 1]]
        n = len(own)
        if n == 0:
            p[:] = 0
            continue
        vectors = flat[: size * n].reshape((size, n))
        for k in range(n):
            extra[k] = np.float32(1) - of_row[r] * of_column[own[k]]
            vector, score = fixed[own[k]], np.float32(0)
            for f in range(size):
                vectors[f, k] = vector[f]
                score += p[f] * vector[f]
            scores[k] = score
        for f in range(size):
            q, before = vectors[f], p[f]
            above, below = np.float32(0), np.float32(0)
            for k in range(n):
                below += extra[k] * q[k] * q[k]
                above += (np.float32(1) - extra[k] * (scores[k] - before * q[k])) * q[k]
            others = np.float32(0)
            for g in range(size):
                others += p[g] * cache[f, g]
            above -= of_row[r] * (others - before * cache[f, f])
            below += of_row[r] * cache[f, f] + l2[r]
            p[f] = above / below if below > 0 else np.float32(0)
            step = p[f] - before
            for k in range(n):
                scores[k] += step * q[k]
        for k in range(n):
            total += (1 - scores[k]) ** 2 - (1 - extra[k]) * scores[k] ** 2
        for f in range(size):
            others = np.float32(0)
            for g in range(size):
                others += p[g] * cache[f, g]
            total += p[f] * (of_row[r] * others + l2[r] * p[f])
    return total
