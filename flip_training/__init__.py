"""Trains and evaluates FLIP on the dataset: pairs → batches → model and losses → metrics.

Reads the dataset from disk only and never imports ``facecaption_assets``. The folders in the order
the data flows: ``pairs`` (recipes choose captions), ``loading`` (crops and tokens), ``model`` (the
encoders and their files), ``objective`` (a step's losses), ``training`` (the loop), ``evaluation``
(metrics). ``train``, ``evaluate`` and ``cross_validation`` are the programs made of them; what all
share, such as settings and storage, lies beside them. Dagster lives in ``defs`` and ``definitions``
only, which do not import torch when loaded.
"""
