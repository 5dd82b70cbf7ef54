"""Commands of ``flip`` that are more than a few lines."""
