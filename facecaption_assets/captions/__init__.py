"""Attributes → sentences drawn from a probabilistic grammar."""
