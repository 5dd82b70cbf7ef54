"""Whether the dataset's stages treat groups of people alike: estimates, groups, counts, gate."""
