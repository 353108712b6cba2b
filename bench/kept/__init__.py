"""Fitted models that are kept: vectors to search, and what restores them in another process."""
