"""Recipes and tables → the (face, caption) pairs that a FLIP is trained and tested on."""
