"""Getting data: fetch it, read archives, read tables."""
