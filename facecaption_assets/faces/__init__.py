"""Images → detected faces → aligned crops."""
