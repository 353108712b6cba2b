"""What is kept of a measurement, and where in a results folder."""
