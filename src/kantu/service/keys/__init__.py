"""API keys: shown once, kept as digests."""
