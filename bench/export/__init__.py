"""Vectors of a kept model in the files that other programs read."""
