"""A results folder as one page for people: answer, board, charts, stories."""
