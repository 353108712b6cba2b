"""From a fitted model's scores to ranks, ledgers and figures."""
