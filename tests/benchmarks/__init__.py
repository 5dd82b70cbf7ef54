"""Benchmarks that anyone can run: ``make bench``. Ratios within one run, never a timed test."""
