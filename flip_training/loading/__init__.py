"""Crop tars and captions → batches of tensors."""
