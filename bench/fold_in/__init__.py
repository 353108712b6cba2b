"""Scores for people whom a fitted model has never seen."""
