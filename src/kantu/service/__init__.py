"""The gateway: HTTP in front of the engine."""
