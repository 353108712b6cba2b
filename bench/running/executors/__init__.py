"""Where cells run: here one after the other or side by side, or on the nodes of a cluster."""
