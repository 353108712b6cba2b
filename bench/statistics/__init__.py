"""From ledgers to which differences between models are real: tests, tiers, intervals."""
