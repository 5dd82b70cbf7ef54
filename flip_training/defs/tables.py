"""The schema's tables as the Dagster UI shows them."""

import dagster as dg

from flip_training.schema import TABLES


def table_metadata(asset: str) -> dict[str, object]:
    """Definition metadata of an asset: what a row means, and its columns."""
    table = TABLES[asset]
    columns = [
        dg.TableColumn(
            c.name,
            str(c.type),
            description=c.meaning,
            constraints=dg.TableColumnConstraints(nullable=False),
        )
        for c in table.columns
    ]
    return {
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "one row means": table.row,
    }
