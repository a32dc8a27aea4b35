"""Decisions on Laplacian pyramids."""
