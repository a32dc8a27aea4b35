"""Compiled loops on validated C-contiguous arrays, and the numbers they go by."""
