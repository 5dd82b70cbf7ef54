"""Batches → the losses of a step, over one process or many."""
