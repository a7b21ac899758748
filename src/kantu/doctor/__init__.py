"""`kantu doctor`: what this machine can run, whether a model folder is whole, and whether our numbers are right."""
