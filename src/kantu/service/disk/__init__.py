"""The disk that the service keeps things on: what must stay free of it."""
