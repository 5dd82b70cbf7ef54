"""What a partition was made from, what its checks said of it, and the hashes behind both.

Values only; where they are kept belongs to ``storage``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

#: Key of the provenance record in the parquet file's metadata.
PROVENANCE_KEY: Final = b"facecaption"


@dataclass(frozen=True)
class Provenance:
    """What a committed partition was made from; stored in its parquet file.

    ``input_versions`` maps ``asset/partition`` to the data version that was read;
    ``counts`` holds the numbers that the stage reports; ``wall_s`` and ``cpu_s`` are how long it
    took, seconds, the latter over all threads of its process. None where it was not measured.
    """

    asset: str
    partition: str
    code_version: str
    input_versions: Mapping[str, str] = field(default_factory=dict)
    data_version: str = ""
    rows: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    wall_s: float | None = None
    cpu_s: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What one check said of one version of a partition."""

    check: str
    passed: bool
    blocking: bool
    reason: str
    data_version: str = ""


def stage_hash(*parts: object) -> str:
    """Code version from what decides a stage's output: settings, model identities, versions.

    Settings are dataclasses whose ``repr`` names every field, so equal settings hash alike in
    every process.
    """
    return hashlib.sha256("\n".join(repr(part) for part in parts).encode()).hexdigest()[:12]


class HashSink:
    """A file of which only the hash is kept, so that nothing is copied to be hashed."""

    closed = False

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    @property
    def version(self) -> str:
        """The content version, when everything has been written."""
        return self._hash.hexdigest()[:16]


def content_version(table: pa.Table) -> str:
    """Hash of a table's schema and values: equal contents, equal version.

    Rows of tables with pixels carry the sha256 of the pixels, so this covers the tar as well.
    """
    sink = HashSink()
    plain = table.replace_schema_metadata(None).combine_chunks()
    with pa.ipc.new_stream(sink, plain.schema) as writer:
        writer.write_table(plain)
    return sink.version
