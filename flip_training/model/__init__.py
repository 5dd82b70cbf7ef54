"""FLIP itself: its encoders, its checkpoints, and their exports."""
