"""From a kept model to answers: similar items, recommendations with reasons, items by title."""
