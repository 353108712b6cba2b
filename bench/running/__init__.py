"""All cells of a suite, one after the other."""
