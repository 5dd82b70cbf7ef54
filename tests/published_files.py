"""Files in the formats that others publish: WebDataset tars, image Parquet, FaceCaption-15M."""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def write_tar(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """A tar of members in the order given; a name may come twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def write_img2dataset_shard(folder: Path, number: int, pictures: Mapping[str, bytes]) -> Path:
    """A shard as img2dataset 1.47 writes it: tar, ledger and JSON; empty bytes failed with 404."""
    rows = []
    members = []
    for place, (url, data) in enumerate(pictures.items()):
        row: dict[str, Any] = {
            "caption": f"picture {place}",
            "url": url,
            "key": f"{number:05d}{place:04d}",
            "status": "success" if data else "failed_to_download",
            "error_message": None if data else "HTTP Error 404: Not Found",
            "width": 400 if data else None,
            "height": 400 if data else None,
            "original_width": 800 if data else None,
            "original_height": 800 if data else None,
            "exif": "{}" if data else None,
            "sha256": f"{place:064x}" if data else None,
        }
        rows.append(row)
        if data:
            members += [
                (f"{row['key']}.jpg", data),
                (f"{row['key']}.json", json.dumps(row, indent=4).encode()),
                (f"{row['key']}.txt", row["caption"].encode()),
            ]
    pq.write_table(pa.Table.from_pylist(rows), _made(folder) / f"{number:05d}.parquet")
    return write_tar(folder / f"{number:05d}.tar", members)


def write_image_parquet(
    path: Path, pictures: Sequence[bytes | None], rows_per_group: int = 3, **columns: Sequence[Any]
) -> Path:
    """A Parquet file as ``datasets`` writes it: the picture is a struct of bytes and path."""
    images = [None if data is None else {"bytes": data, "path": None} for data in pictures]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(images, kind), **columns})
    _made(path.parent)
    pq.write_table(table, path, row_group_size=rows_per_group)
    return path


def write_facecaption(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """FaceCaption-15M's columns and types; rows lack what they do not name."""
    schema = pa.schema(
        [
            ("_id", pa.string()),
            ("url", pa.string()),
            ("caption", pa.list_(pa.string())),
            ("laion_caption", pa.list_(pa.string())),
            ("box", pa.string()),
        ]
    )
    _made(path.parent)
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=schema), path)
    return path


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
