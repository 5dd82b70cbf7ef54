"""Trains and evaluates FLIP on the dataset: training sets -> checkpoints -> retrieval.

Reads the dataset from disk only and never imports ``facecaption_assets``. Free of torch are
``config < presets, recipes < versions``, ``schema < storage`` and ``training_sets < gates <
freshness``; with torch come ``tokenization, transforms < data``, ``vit, bert < flip < momentum,
losses < objective``, and on top ``train`` and ``evaluate``, which are programs of their own.
Dagster lives in ``defs`` and ``definitions`` only, which do not import torch when loaded.
"""
