"""Versions of data: hashes of what is in a table or a folder."""

import hashlib
from pathlib import Path

import pyarrow as pa


def content_version(table: pa.Table) -> str:
    """Hash of a table's schema and values: equal contents, equal version."""
    sink = pa.BufferOutputStream()
    plain = table.replace_schema_metadata(None).combine_chunks()
    with pa.ipc.new_stream(sink, plain.schema) as writer:
        writer.write_table(plain)
    return hashlib.sha256(sink.getvalue()).hexdigest()[:16]


def folder_version(folder: Path) -> str:
    """Hash of the names and bytes of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
