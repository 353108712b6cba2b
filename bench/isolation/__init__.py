"""Run a job in a process of its own, and survive whatever it does."""
