"""The study of metrics: which figure tells models apart, for whom, and what decides a board."""
