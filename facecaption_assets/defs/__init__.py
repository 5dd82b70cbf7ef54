"""The Dagster shell: assets, checks, partitions, automation. No stage logic.

One file per stage holds that stage's assets and checks; each body locates inputs, calls the
stage's function, commits, and reports.
"""
