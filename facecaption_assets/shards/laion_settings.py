"""Settings of LAION-Face: where its files lie."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LaionSettings:
    """Files of LAION-Face and LAION-400M that the user has; empty where there is none.

    Attributes:
        ids: ``laion_face_ids.pth``, a local file.
        metadata: Folder of LAION-400M's or Re-LAION's Parquet files, or of the output of
            LAION-Face's ``convert_parquet.py``; a path or an fsspec URL.
        safe_list: Ids that are known to be still in Re-LAION: a Parquet file with a SAMPLE_ID
            column, a folder of such, or a NumPy file of whole numbers. Ids that are not in it
            are dropped.
        detections: Folder of the authors' ``sample2detect_{i}.pth``, a local one.
    """

    ids: str = ""
    metadata: str = ""
    safe_list: str = ""
    detections: str = ""
