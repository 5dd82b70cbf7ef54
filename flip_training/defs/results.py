"""What a committed partition tells the Dagster UI."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from flip_training.defs.resources import Trainer
from flip_training.storage import Provenance


def built(
    trainer: Trainer, provenance: Provenance | None, shown: Mapping[str, Any]
) -> dg.MaterializeResult:
    """The result of a committed partition: version, rows, what is shown and where it lies."""
    if provenance is None:
        raise dg.Failure("the process ended well but committed nothing", allow_retries=False)
    path = trainer.storage.table_path(provenance.asset, provenance.partition)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(provenance.data_version),
        metadata={
            "dagster/row_count": provenance.rows,
            **provenance.counts,
            **shown,
            "table": dg.MetadataValue.path(str(path)),
        },
    )
