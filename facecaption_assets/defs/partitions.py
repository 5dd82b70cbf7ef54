"""Partition sets.

https://docs.dagster.io/guides/build/partitions-and-backfills
"""

import dagster as dg

from facecaption_assets.shards.laion_parts import PARTS

#: One key per shard, ``<source>-<index:05d>``. Dynamic, because sources come and grow; keys are
#: added by the sensor in ``automation`` and by ``facecaption build``, never removed.
shards = dg.DynamicPartitionsDefinition(name="shards")

#: One key per part of LAION-Face, ``00`` to ``31``: a fact of its release.
laion_parts = dg.StaticPartitionsDefinition(list(PARTS))
