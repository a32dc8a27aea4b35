"""Sharpness networks: which image is sharper where, and fusion by the answer."""
