"""Ranks of a large catalogue, from vectors: tiles are counted while they are in the cache."""
