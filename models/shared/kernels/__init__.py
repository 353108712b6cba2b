"""What is compiled by numba; nothing else is."""
