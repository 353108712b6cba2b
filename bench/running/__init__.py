"""All cells of a suite, wherever they run."""
