"""Trains and evaluates FLIP on the dataset: training sets -> checkpoints -> retrieval.

Reads the dataset from disk only and never imports ``facecaption_assets``. Later modules may
import earlier ones: ``config < presets < schema < storage < recipes < training_sets < data <
flip < objective < train < retrieval < evaluate < gates < freshness < defs < cli``. Dagster lives
in ``defs`` and ``definitions`` only, and neither imports torch when it is loaded.
"""
