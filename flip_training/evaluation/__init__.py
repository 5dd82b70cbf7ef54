"""A trained model → metrics with their uncertainty."""
