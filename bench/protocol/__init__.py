"""From a data set to train, held-out items and candidates."""
