"""Face crops → the 40 CelebA attributes, each positive, negative or unknown."""
