"""Where every table and shard lies, and how a partition is committed.

``<home>/<asset>/<partition>.parquet`` is the commit marker; ``.tar`` beside it holds pixels and
``.gates.json`` the verdicts of the partition's blocking checks. A partition is absent or
complete: files are written under another name, synced and renamed, the parquet file last. This is
the only module that knows paths below ``<home>``; what the tables hold belongs to ``schema``.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from upath import UPath

from facecaption_assets.long_tables import LongTableWriter
from facecaption_assets.provenance import PROVENANCE_KEY, Provenance, Verdict, content_version
from facecaption_assets.schema import TABLES, WHOLE_DATASET

#: Age at which a folder of unfinished files is taken for abandoned, seconds.
_STAGING_LIFETIME_S: Final = 24 * 3600

#: Rows of a shard's table that are encoded at a time; the writer's memory grows with them.
_ROWS_PER_GROUP: Final = 2_048

#: Rows of a table that ``read_batches`` holds at a time.
_BATCH_ROWS: Final = 10_000


class PartitionMissing(LookupError):
    """A partition that a stage needs has not been built."""


class GateFailed(RuntimeError):
    """A partition that a stage needs has failed one of its blocking checks."""


@dataclass(frozen=True)
class Storage:
    """The data root: a local folder or any fsspec URL."""

    home: str

    @property
    def root(self) -> UPath:
        """The data root as a path."""
        return UPath(self.home)

    @property
    def is_local(self) -> bool:
        """Whether the data root is a folder of this machine."""
        return self.root.protocol in ("", "file", "local")

    # Places that are not partitions -----------------------------------------------------------

    @property
    def sources(self) -> UPath:
        """Folder of the registered sources, one TOML file each."""
        return self.root / "sources"

    @property
    def reports(self) -> UPath:
        """Folder of the pages and benchmark results."""
        return self.root / "reports"

    @property
    def models(self) -> Path:
        """Folder of the model store: ``FACECAPTION_MODELS``, else ``<home>/models``.

        Models are memory-mapped by the libraries that load them, so the folder is always local:
        with a remote data root it is ``./data/models``.
        """
        if configured := os.environ.get("FACECAPTION_MODELS"):
            return Path(configured).expanduser().resolve()
        return self._local_root() / "models"

    @property
    def llm_cache(self) -> Path:
        """Folder of the durable request cache of the rewriting stage; always local."""
        return self._local_root() / "llm_cache"

    def download_spool(self, shard: str) -> Path:
        """Folder of what was fetched for a shard in progress; always local."""
        return self._local_root() / ".downloads" / shard

    def import_indexes(self, source: str) -> Path:
        """Folder of the indexes of the files that a source is imported from; always local."""
        return self._local_root() / ".imports" / source

    @property
    def laion_ids(self) -> Path:
        """Folder of the ids of LAION-Face, split into parts; always local."""
        return self._local_root() / "laion_face_ids"

    @property
    def dagster_home(self) -> Path:
        """Folder of the Dagster instance unless ``DAGSTER_HOME`` names another; always local."""
        return self._local_root() / "dagster"

    @property
    def opt_out_folder(self) -> UPath:
        """Folder of the lists of pictures whose owners have asked to be left out."""
        return self.root / "optout"

    @property
    def retired_opt_out_list(self) -> UPath:
        """Where the one list of earlier data roots is; it must not lie there unread."""
        return self.root / "opt_out.txt"

    @property
    def profile_file(self) -> UPath:
        """Changes to the profile's settings, where the user has made any."""
        return self.root / "profile.toml"

    def lock(self, name: str) -> FileLock:
        """A lock between the processes of this machine; hold it for moments only.

        With a remote data root, processes on other machines do not see it.
        """
        folder = self._local_root() / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock")

    def _local_root(self) -> Path:
        return Path(self.root.path).resolve() if self.is_local else Path("data").resolve()

    # Partitions ---------------------------------------------------------------------------------

    def table_path(self, asset: str, partition: str) -> UPath:
        """The partition's table; its existence means that the partition is complete."""
        return self.root / asset / f"{partition}.parquet"

    def tar_path(self, asset: str, partition: str) -> UPath:
        """The partition's pixels, where the asset has any."""
        return self.root / asset / f"{partition}.tar"

    def gates_path(self, asset: str, partition: str) -> UPath:
        """The verdicts of the partition's checks."""
        return self.root / asset / f"{partition}.gates.json"

    def notes_path(self, asset: str, partition: str) -> UPath:
        """JSON beside the table, of assets that have more to say than rows and counts."""
        return self.root / asset / f"{partition}.notes.json"

    def partitions(self, asset: str) -> list[str]:
        """Keys of the committed partitions, sorted."""
        folder = self.root / asset
        if not folder.exists():
            return []
        return sorted(p.stem for p in folder.glob("*.parquet") if not p.name.startswith("."))

    def read_table(self, asset: str, partition: str, columns: list[str] | None = None) -> pa.Table:
        """The partition's rows.

        Raises:
            PartitionMissing: If the partition has not been built.
        """
        with self._open(self.table_path(asset, partition), asset, partition) as file:
            # Not ``pq.read_table``: that is made for folders of files, and loads pandas for it.
            found = pq.ParquetFile(file).read(columns=columns, use_threads=False)
        table = found.replace_schema_metadata(None)
        return table if columns is None else table.select(columns)

    def read_batches(
        self, asset: str, partition: str, columns: Collection[str]
    ) -> Iterator[pa.RecordBatch]:
        """The partition's rows, some thousands at a time, with those of the columns that it has.

        Raises:
            PartitionMissing: If the partition has not been built.
        """
        with self._open(self.table_path(asset, partition), asset, partition) as file:
            table = pq.ParquetFile(file)
            present = [name for name in table.schema_arrow.names if name in columns]
            yield from table.iter_batches(_BATCH_ROWS, columns=present, use_threads=False)

    def read_provenance(self, asset: str, partition: str) -> Provenance | None:
        """What the committed partition was made from; None where it is absent."""
        path = self.table_path(asset, partition)
        if not path.exists():
            return None
        with path.open("rb") as file:
            metadata = pq.read_metadata(file).metadata or {}
        return Provenance(**json.loads(metadata[PROVENANCE_KEY]))

    def write_report_provenance(self, provenance: Provenance) -> None:
        """Record what a report was made from; written last, it marks the report as complete."""
        path = self.reports / f"{provenance.asset}.provenance.json"
        self.write_text(path, json.dumps(asdict(provenance), indent=1, sort_keys=True))

    def read_report_provenance(self, asset: str) -> Provenance | None:
        """What a report was made from; None where there is none."""
        path = self.reports / f"{asset}.provenance.json"
        if not path.exists():
            return None
        return Provenance(**json.loads(path.read_text(encoding="utf-8")))

    def open_tar(self, asset: str, partition: str) -> BinaryIO:
        """The partition's pixels, opened for reading.

        Raises:
            PartitionMissing: If the partition has not been built.
        """
        return self._open(self.tar_path(asset, partition), asset, partition)

    def _open(self, path: UPath, asset: str, partition: str) -> BinaryIO:
        try:
            return path.open("rb")
        except FileNotFoundError:
            raise PartitionMissing(
                f"{asset} of {partition} is not built: {path} does not exist"
            ) from None

    @contextmanager
    def staging(self, asset: str, partition: str) -> Iterator[Path]:
        """A local folder for files under construction; removed afterwards.

        What processes that were killed left behind is removed once it is a day old.
        """
        place = self._local_root() / ".staging"
        place.mkdir(parents=True, exist_ok=True)
        for left in place.iterdir():
            if time.time() - left.stat().st_mtime > _STAGING_LIFETIME_S:
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{asset}-{partition}-", dir=place))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def commit(
        self, table: pa.Table, provenance: Provenance, tar: Path | None = None
    ) -> Provenance:
        """Publish a partition, replacing what was there, and return its completed provenance.

        The old table is removed before the new pixels get its name, so that a crash between the
        two leaves the partition absent rather than torn.

        Raises:
            ValueError: If the table is not of the asset's schema.
        """
        asset, partition = provenance.asset, provenance.partition
        expected = TABLES[asset].arrow
        if not table.schema.equals(expected):
            raise ValueError(f"{asset}: columns {table.schema} are not the schema's {expected}")
        stored = Provenance(
            **{
                **asdict(provenance),
                "data_version": content_version(table.select(TABLES[asset].data_columns)),
                "rows": table.num_rows,
            }
        )
        record = {PROVENANCE_KEY: json.dumps(asdict(stored), sort_keys=True).encode()}
        with self.staging(f"commit-{asset}", partition) as folder:
            local = folder / "table.parquet"
            pq.write_table(
                table.replace_schema_metadata(record),
                local,
                row_group_size=_ROWS_PER_GROUP,
                compression="zstd",
            )
            with self.lock(asset):
                if tar is not None:
                    self.table_path(asset, partition).unlink(missing_ok=True)
                    self.publish(tar, self.tar_path(asset, partition))
                self.publish(local, self.table_path(asset, partition))
        return stored

    def commit_long(self, writer: LongTableWriter, provenance: Provenance) -> Provenance:
        """Publish a partition that was written group by group, and return its provenance."""
        version = writer.finish()
        stored = replace(provenance, data_version=version, rows=writer.rows)
        writer.close({PROVENANCE_KEY: json.dumps(asdict(stored), sort_keys=True).encode()})
        with self.lock(provenance.asset):
            self.publish(writer.path, self.table_path(provenance.asset, provenance.partition))
        return stored

    def publish(self, local: Path, target: UPath) -> None:
        """Give a finished local file its final name in one step, durable against power loss."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if not self.is_local:
            target.fs.put_file(str(local), target.path)
            return
        _sync(local)
        local.replace(target.path)
        _sync(Path(target.path).parent)

    def write_text(self, target: UPath, text: str) -> None:
        """Write a small text file in one step."""
        with self.staging("text", target.name) as folder:
            local = folder / "file"
            local.write_text(text, encoding="utf-8")
            self.publish(local, target)

    # Gates --------------------------------------------------------------------------------------

    def record_verdict(self, asset: str, partition: str, verdict: Verdict) -> None:
        """Remember what a check said, for runs to come."""
        with self.lock(asset):
            verdicts = {v.check: v for v in self.read_verdicts(asset, partition)}
            verdicts[verdict.check] = verdict
            text = json.dumps([asdict(v) for v in verdicts.values()], indent=1)
            self.write_text(self.gates_path(asset, partition), text)

    def read_verdicts(self, asset: str, partition: str) -> list[Verdict]:
        """What the checks said of the data that is there now; older verdicts are left out."""
        path = self.gates_path(asset, partition)
        provenance = self._read_written(asset, partition)
        if provenance is None or not path.exists():
            return []
        verdicts = [Verdict(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
        return [v for v in verdicts if v.data_version == provenance.data_version]

    def failed_gates(self, asset: str, partition: str) -> list[Verdict]:
        """Blocking checks that the partition's present data has failed."""
        return [v for v in self.read_verdicts(asset, partition) if v.blocking and not v.passed]

    def require_built(self, asset: str, partition: str) -> Provenance:
        """Provenance of a committed partition, whatever its checks said.

        Raises:
            PartitionMissing: If it has not been built.
        """
        provenance = self._read_written(asset, partition)
        if provenance is None:
            raise PartitionMissing(f"{asset} of {partition} is not built; materialize it first")
        return provenance

    def _read_written(self, asset: str, partition: str) -> Provenance | None:
        """Provenance of a partition, or of a report, which is one over the whole dataset."""
        provenance = self.read_provenance(asset, partition)
        if provenance is None and partition == WHOLE_DATASET:
            return self.read_report_provenance(asset)
        return provenance

    def require(self, asset: str, partition: str) -> Provenance:
        """Provenance of an input that a stage is about to read.

        Raises:
            PartitionMissing: If the input has not been built.
            GateFailed: If it failed a blocking check.
        """
        provenance = self.require_built(asset, partition)
        if failed := self.failed_gates(asset, partition):
            reasons = "; ".join(f"{v.check}: {v.reason}" for v in failed)
            raise GateFailed(f"{asset} of {partition} failed its gate ({reasons})")
        return provenance


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
