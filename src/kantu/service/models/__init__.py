"""The model that this service serves."""
