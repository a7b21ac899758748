"""Whether the service lives, and whether it should get requests."""
