"""A part of LAION-Face as a source: its pictures are ids, their bytes are on the web.

Reads ``laion_face_metadata``; a picture's name is its SAMPLE_ID. The bytes are downloaded by URL,
never read from here.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from facecaption_assets.shards.pictures import PictureUnreadable, SideCar
from facecaption_assets.shards.sources import SourceError
from facecaption_assets.storage import GateFailed, PartitionMissing, Storage

_ASSET: Final = "laion_face_metadata"

#: Begins what stands for the URL of a picture whose URL the part does not give any more.
WITHOUT_URL: Final = "laion-face:"

#: Reasons why a row is dropped that forbid its picture, in a ledger's words.
_WITHHELD: Final = {
    "opted_out": "on the opt-out list when its part was built",
    "not_in_safe_list": "not on the safe list when its part was built",
}

#: Columns that become a picture's metadata, where they have a value.
_METADATA: Final = ("width", "height", "similarity", "nsfw", "license")


class _Index(NamedTuple):
    """Where each id of the part is.

    Attributes:
        ids: (n,), in the table's order.
        kept: (n,), whether the id's row is kept.
        order: (n,), what sorts the ids.
        ends: Row numbers at which the table's row groups end.
    """

    ids: NDArray[np.int64]
    kept: NDArray[np.bool_]
    order: NDArray[np.int64]
    ends: NDArray[np.int64]


@dataclass(frozen=True)
class LaionPart:
    """The kept rows of one part, in the order of LAION's files.

    Of a table of millions of rows, the ids and one row group at a time are held.
    """

    storage: Storage
    part: str

    @cached_property
    def version(self) -> str:
        """Data version of the part's table.

        Raises:
            SourceError: If the part is not built, or failed its gate.
        """
        try:
            return self.storage.require(_ASSET, self.part).data_version
        except (PartitionMissing, GateFailed) as error:
            raise SourceError(str(error)) from error

    @cached_property
    def _index(self) -> _Index:
        _ = self.version
        table = self.storage.read_table(_ASSET, self.part, ["sample_id", "status"])
        with self.storage.table_path(_ASSET, self.part).open("rb") as file:
            metadata = pq.read_metadata(file)
        rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        ids = table["sample_id"].to_numpy()
        kept = pc.equal(table["status"], "kept").to_numpy()
        return _Index(ids, kept, np.argsort(ids, kind="stable"), np.cumsum(rows, dtype=np.int64))

    def list_names(self) -> list[str]:
        """SAMPLE_IDs of the kept rows, in the table's order.

        Raises:
            SourceError: If the part is not built, or failed its gate.
        """
        index = self._index
        return [str(i) for i in index.ids[index.kept].tolist()]

    def url(self, name: str) -> str:
        """The picture's http(s) URL; ``laion-face:PART/ID`` where the id is not kept any more."""
        row = self._row(name)
        return str(row["url"]) if row and row["url"] else f"{WITHOUT_URL}{self.part}/{name}"

    def fingerprint(self, name: str) -> str | None:
        """None: what is behind a URL is known when it has been fetched."""
        return None

    def side_car(self, name: str) -> SideCar:
        """Alt-text, and what LAION says of the picture; why it was dropped where it was."""
        row = self._row(name)
        if row is None or row["status"] != "kept":
            reason = row["drop_reason"] if row else "not_in_ids"
            metadata = {"sample_id": int(name), "drop_reason": reason}
            return SideCar(metadata=metadata, withheld=_WITHHELD.get(reason))
        known = {column: row[column] for column in _METADATA if row[column] is not None}
        return SideCar(alt_text=row["alt_text"], metadata={"sample_id": int(name), **known})

    def read(self, url: str, max_bytes: int) -> bytes:
        """Never succeeds: pictures of the web are downloaded.

        Raises:
            PictureUnreadable: Always; says why there is nothing to download where that is so.
        """
        name = url.removeprefix(f"{WITHOUT_URL}{self.part}/")
        if name == url:
            raise PictureUnreadable(f"{url} is on the web and has to be downloaded")
        row = self._row(name)
        reason = row["drop_reason"] if row else "not_in_ids"
        raise PictureUnreadable(f"SAMPLE_ID {name} is no longer in part {self.part}: {reason}")

    def _row(self, name: str) -> dict[str, Any] | None:
        index = self._index
        place = np.searchsorted(index.ids, int(name), sorter=index.order)
        if place == len(index.ids) or index.ids[index.order[place]] != int(name):
            return None
        row = int(index.order[place])
        group = int(np.searchsorted(index.ends, row, side="right"))
        start = int(index.ends[group - 1]) if group else 0
        found: dict[str, Any] = self._read_group(group).slice(row - start, 1).to_pylist()[0]
        return found

    def _read_group(self, group: int) -> Any:
        held: dict[int, Any] = self._held
        if group not in held:
            held.clear()
            with self.storage.table_path(_ASSET, self.part).open("rb") as file:
                held[group] = pq.ParquetFile(file).read_row_group(group)
        return held[group]

    @cached_property
    def _held(self) -> dict[int, Any]:
        return {}
