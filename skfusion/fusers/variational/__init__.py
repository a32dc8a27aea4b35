"""Variational and statistical models."""
