"""The items of kept models as one page: a map, neighbours side by side, what a person may like."""
