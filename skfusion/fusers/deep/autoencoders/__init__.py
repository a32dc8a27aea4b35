"""Encode both images, join, decode."""
