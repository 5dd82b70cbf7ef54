"""Finding rows of a table that is too long for memory.

Apart from ``long_tables``, whose users never search: pyarrow's functions take megabytes to load.
"""

from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray


def rows_with(file: BinaryIO, column: str, values: NDArray[np.int64]) -> pa.Table:
    """Rows of a long table in whose column one of the values stands, in the table's order.

    Holds one row group and what was found; groups whose range holds none of the values are not
    read.
    """
    parquet = pq.ParquetFile(file)
    wanted = np.unique(values)
    place = parquet.schema.names.index(column)
    found = [parquet.schema_arrow.remove_metadata().empty_table()]
    for group in range(parquet.num_row_groups):
        statistics = parquet.metadata.row_group(group).column(place).statistics
        low = np.searchsorted(wanted, statistics.min, side="left")
        high = np.searchsorted(wanted, statistics.max, side="right")
        if low < high:
            rows = parquet.read_row_group(group, use_threads=False)
            rows = rows.replace_schema_metadata(None)
            found.append(rows.filter(pc.is_in(rows[column], pa.array(wanted[low:high]))))
    return pa.concat_tables(found)
