"""How the service and everything in it is."""
