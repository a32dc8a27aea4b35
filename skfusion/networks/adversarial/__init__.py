"""Trained against discriminators."""
