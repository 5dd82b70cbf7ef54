"""The Dagster shell of training and evaluation: assets, checks, partitions, jobs. No logic.

Nothing here imports torch when it is loaded; training and evaluation run as processes of their
own, the same as from the command line.
"""
