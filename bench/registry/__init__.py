"""Names: models, data sets and suites, and their parameters."""
