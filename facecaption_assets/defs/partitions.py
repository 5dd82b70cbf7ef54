"""Partition sets.

https://docs.dagster.io/guides/build/partitions-and-backfills
"""

import dagster as dg

#: One key per shard, ``<source>-<index:05d>``. Dynamic, because sources come and grow; keys are
#: added by the sensor in ``automation`` and by ``facecaption build``, never removed.
shards = dg.DynamicPartitionsDefinition(name="shards")
