"""Compiled loops: numba only, on validated C-contiguous arrays."""
