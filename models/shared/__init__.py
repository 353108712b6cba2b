"""Parts that several models are built of: which file for what.

A network over (user, item) pairs, as gmf or deepfm: `pairs`, from which six names are imported;
`pairs/network.py` explains them, and with the three names below no other file need be read.

    layers.normal, layers.Linear    drawn parameters and layers; dropout
    tables.Table                    a vector for each user or item, trained by the rows of a batch
    features.both_fields            the vectors of ids and features

    pairs/second_order.py           a factorisation machine as one dot product
    pairs/field_dots.py             dot products within a side, as in dlrm
    pairs/adapter.py                the loop that trains; `loss.py`, `batches.py` and `epochs.py`
                                    are what it is made of

Other models:

    factors.py                      scores by factors in numpy: all that als or ials need
    sgd.py                          such factors trained step by step, as in mf and bpr
    vectors.py                      scores by vectors in torch, as in dssm and lightgcn
    autoencoder.py                  multvae and multdae
    sequences.py                    histories in the order of time, as in sasrec
    histories.py                    histories as sets
    content.py                      what is known of items, as content and als_content take it
    closed_form.py                  item weights of ease and ease_features
    recency.py                      a half-life of items, as in ease, knn, slim and als
    neighbours.py                   similarities of rows, the nearest of each
    softmax.py, in_batch.py         softmax over the catalogue, or over a batch
    negatives.py                    random items that a user left untouched
    unseen.py                       items that nobody has in train
    distinct.py                     the distinct ids of a batch
    sparse.py                       a constant sparse matrix times a table that learns
    spark.py                        a Spark that ends with the process, as in als_spark
    states.py                       networks and sparse matrices as arrays that can be kept
    devices.py, optimizers.py       threads, precision and devices of torch; its optimizers

`kernels` is what numba compiles; only the files above call it, and mf, bpr, eals and slim.
"""
