"""Sparse and low-rank representations."""
