"""Compare recommenders under one leave-one-out protocol."""

__version__ = "0.1.0"
