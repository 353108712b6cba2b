"""Models of other libraries, each library in an environment of its own."""
