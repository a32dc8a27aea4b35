"""Attention over windows and the whole image."""
