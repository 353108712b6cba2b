"""Have work done on the nodes of a Ray cluster, each piece in a fresh process."""
