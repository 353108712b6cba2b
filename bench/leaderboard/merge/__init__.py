"""Join results folders: what was measured on several machines stands on one board."""
