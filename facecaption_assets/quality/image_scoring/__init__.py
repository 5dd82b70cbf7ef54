"""Scores of single crops: how good a picture each one is, and what a shard of them looks like."""
