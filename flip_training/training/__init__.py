"""Steps → a trained model: the loop, its state, its reports, its processes."""
