"""What PyTorch has no fast operator for on a CPU, in C, compiled when the package is built."""
