"""Where the dataset and this package's own partitions lie, and how a partition is committed.

The dataset's layout: ``<home>/<asset>/<partition>.parquet`` is the commit marker, ``.tar`` holds
pixels, a folder a model, ``.gates.json`` verdicts. This is the only module that knows paths.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from flip_training.content import content_version, folder_version
from flip_training.publishing import publish, replace_folder
from flip_training.reading import kept_while_unchanged
from flip_training.schema import TABLES

#: Key of the provenance record in a parquet file's metadata; the dataset's own.
PROVENANCE_KEY: Final = b"facecaption"


class PartitionMissing(LookupError):
    """A partition that is needed has not been built."""


class GateFailed(RuntimeError):
    """A partition that is needed has failed one of its blocking checks."""


@dataclass(frozen=True)
class Provenance:
    """What a committed partition was made from; stored in its parquet file.

    ``input_versions`` maps ``asset/partition`` to the data version that was read.
    """

    asset: str
    partition: str
    code_version: str
    input_versions: Mapping[str, str] = field(default_factory=dict)
    data_version: str = ""
    rows: int = 0
    counts: Mapping[str, float] = field(default_factory=dict)
    wall_s: float | None = None
    cpu_s: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What one check said of one version of a partition."""

    check: str
    passed: bool
    blocking: bool
    reason: str
    data_version: str


@dataclass(frozen=True)
class Storage:
    """The data root, a local folder."""

    home: Path

    @classmethod
    def at(cls, home: str) -> "Storage":
        """The data root in a folder.

        Raises:
            ValueError: If it is a URL: training reads a local or mounted folder.
        """
        if "://" in home:
            raise ValueError(f"FACECAPTION_HOME={home!r} is a URL; training reads local folders")
        return cls(Path(home).expanduser().resolve())

    @classmethod
    def from_environment(cls) -> "Storage":
        """``FACECAPTION_HOME``, by default ``./data``; raises as ``at`` does."""
        return cls.at(os.environ.get("FACECAPTION_HOME", "data"))

    @property
    def opt_out_folder(self) -> Path:
        """Folder of the lists of pictures whose owners have asked to be left out."""
        return self.home / "optout"

    @property
    def recipes_folder(self) -> Path:
        """Folder of the recipes that users have added, one TOML file each."""
        return self.home / "recipes"

    @property
    def benchmarks_folder(self) -> Path:
        """Folder of the hashes of benchmarks' pictures, one table each."""
        return self.home / "benchmarks"

    def uids_path(self, recipe: str) -> Path:
        """The sorted uids of the faces that the recipe trains on."""
        return self.home / "training_sets" / f"{recipe}.npy"

    def table_path(self, asset: str, partition: str) -> Path:
        """The partition's table; its existence means that the partition is complete."""
        return self.home / f"{asset}/{partition}.parquet"

    def tar_path(self, asset: str, partition: str) -> Path:
        """The partition's pixels."""
        return self.home / asset / f"{partition}.tar"

    def model_path(self, partition: str) -> Path:
        """Folder of the recipe's trained model."""
        return self.home / "flip_checkpoints" / partition

    def work_path(self, partition: str) -> Path:
        """Folder of the recipe's unfinished training; survives a crash."""
        return self.home / "flip_checkpoints" / f".{partition}.training"

    def log_path(self, partition: str, version: str) -> Path:
        """Folder of the event files of a version of the recipe's training."""
        return self.home / "flip_logs" / partition / version

    def partitions(self, asset: str) -> list[str]:
        """Keys of the committed partitions, sorted."""
        return sorted(p.stem for p in (self.home / asset).glob("[!.]*.parquet"))

    def read_table(self, asset: str, partition: str, columns: list[str] | None = None) -> pa.Table:
        """The partition's rows.

        Raises:
            PartitionMissing: If the partition has not been built.
        """
        path = self.table_path(asset, partition)
        if not path.exists():
            raise PartitionMissing(f"{asset} of {partition} is not built: {path} does not exist")
        with path.open("rb") as file:
            return pq.read_table(file, columns=columns).replace_schema_metadata(None)

    def read_known(self, asset: str, partition: str, columns: list[str]) -> pa.Table:
        """The partition's rows with those of the columns that it has; older ones may have fewer.

        Raises:
            PartitionMissing: If the partition has not been built.
        """
        path = self.table_path(asset, partition)
        present = pq.read_schema(path).names if path.exists() else columns
        return self.read_table(asset, partition, [name for name in columns if name in present])

    def read_provenance(self, asset: str, partition: str) -> Provenance | None:
        """What the committed partition was made from; None where it is absent."""
        path = self.table_path(asset, partition)
        return _read_record(path) if path.exists() else None

    def require(self, asset: str, partition: str) -> Provenance:
        """Provenance of an input that is about to be read.

        Raises:
            PartitionMissing: If the input has not been built.
            GateFailed: If it failed a blocking check.
        """
        provenance = self.read_provenance(asset, partition)
        if provenance is None:
            raise PartitionMissing(f"{asset} of {partition} is not built; materialize it first")
        verdicts = self.read_verdicts(asset, partition)
        if failed := [v for v in verdicts if v.blocking and not v.passed]:
            reasons = "; ".join(f"{v.check}: {v.reason}" for v in failed)
            raise GateFailed(f"{asset} of {partition} failed its gate ({reasons})")
        return provenance

    def commit(
        self,
        table: pa.Table,
        provenance: Provenance,
        model: Path | None = None,
        beside: Mapping[Path, Path] | None = None,
    ) -> Provenance:
        """Publish a partition, replacing what was there, and return its completed provenance.

        With a model, the version is that of the model's files: two trainings that end in the same
        weights are equal, however fast they ran. The old table goes before the new model, or files
        ``beside`` it by the names that they get: a crash leaves the partition absent, not torn.

        Raises:
            ValueError: If the table is not of the asset's schema.
        """
        asset, partition = provenance.asset, provenance.partition
        if not table.schema.equals(TABLES[asset].arrow):
            raise ValueError(f"{asset}: {table.schema} is not the schema {TABLES[asset].arrow}")
        stored = replace(
            provenance,
            data_version=folder_version(model) if model else content_version(table),
            rows=table.num_rows,
        )
        target = self.table_path(asset, partition)
        target.parent.mkdir(parents=True, exist_ok=True)
        if model or beside:
            target.unlink(missing_ok=True)
        if model:
            replace_folder(model, self.model_path(partition))
        for final, written in (beside or {}).items():
            publish(written, final)
        record = {PROVENANCE_KEY: json.dumps(asdict(stored), sort_keys=True).encode()}
        local = target.with_name(f".{target.name}.{os.getpid()}")
        pq.write_table(table.replace_schema_metadata(record), local, compression="zstd")
        publish(local, target)
        return stored

    def record_verdict(self, asset: str, partition: str, verdict: Verdict) -> None:
        """Remember what a check said, for runs to come."""
        verdicts = {v.check: v for v in (*self.read_verdicts(asset, partition), verdict)}
        target = self.home / asset / f"{partition}.gates.json"
        local = target.with_name(f".{target.name}.{os.getpid()}")
        local.write_text(json.dumps([asdict(v) for v in verdicts.values()], indent=1), "utf-8")
        publish(local, target)

    def read_verdicts(self, asset: str, partition: str) -> list[Verdict]:
        """What the checks said of the data that is there now; older verdicts are left out."""
        path = self.home / f"{asset}/{partition}.gates.json"
        if (provenance := self.read_provenance(asset, partition)) is None or not path.exists():
            return []
        return [v for v in _read_verdicts(path) if v.data_version == provenance.data_version]


@kept_while_unchanged
def _read_record(path: Path) -> Provenance:
    metadata = pq.read_metadata(path).metadata or {}
    if PROVENANCE_KEY not in metadata:
        raise ValueError(f"{path} has no {PROVENANCE_KEY.decode()!r} record; not of a dataset")
    return Provenance(**json.loads(metadata[PROVENANCE_KEY]))


@kept_while_unchanged
def _read_verdicts(path: Path) -> tuple[Verdict, ...]:
    return tuple(Verdict(**entry) for entry in json.loads(path.read_text("utf-8")))
