"""Crops → sentences that an image captioner draws, screened and ranked."""
