"""Answers from a board: which of two models is better and for whom, and which one to take."""
