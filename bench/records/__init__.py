"""Everything that is kept of a measurement, and its place in a results folder."""
