"""The board, a pure function of records; and `verify`."""
