"""Groups: people who use one quota together."""
