"""Finding crops in tars."""

import tarfile
from pathlib import Path

import pytest
import webdataset

from flip_training.loading.crop_tars import CropTars
from flip_training.loading.faces import Face, Faces
from flip_training.storage import Storage
from tests.crowds import write_crowd

#: With the suffix longer than the 100 characters of a plain header.
LONG = "a-name-that-is-so-long-that-" + 3 * "it-does-not-fit-into-the-header-of-a-tar-"


def contents(storage: Storage, faces: list[Face]) -> list[bytes]:
    columns = Faces.of(faces)
    tars = CropTars(storage, columns)
    with tars.path(0).open("rb") as tar:
        return [tars.read(row, tar) for row in range(len(columns))]


@pytest.mark.parametrize(
    ("shard", "tar_format"),
    [
        ("crowd-00000", tarfile.USTAR_FORMAT),
        ("crowd-00000", tarfile.GNU_FORMAT),
        ("crowd-00000", tarfile.PAX_FORMAT),
        (LONG, tarfile.GNU_FORMAT),
        (LONG, tarfile.PAX_FORMAT),
    ],
)
def test_crops_are_found_in_tars_of_any_format(tmp_path: Path, shard: str, tar_format: int) -> None:
    faces = write_crowd(tmp_path, shard, 12, tar_format=tar_format)
    # The sums are checked; that there are as many as faces is all there is left to say.
    assert len(contents(Storage(tmp_path), faces)) == 12


def test_crops_are_found_in_tars_that_webdataset_wrote(tmp_path: Path) -> None:
    faces = write_crowd(tmp_path, "crowd-00000", 12)
    path = Storage(tmp_path).tar_path("face_crops", "crowd-00000")
    written = contents(Storage(tmp_path), faces)
    with webdataset.TarWriter(str(path)) as tar:
        for face, data in zip(Faces.of(faces), written, strict=True):
            tar.write({"__key__": face.face_id, "jpg": data, "json": {"face_id": face.face_id}})
    assert contents(Storage(tmp_path), faces) == written


def test_a_missing_crop_is_an_error_that_names_it(tmp_path: Path) -> None:
    faces = write_crowd(tmp_path, "crowd-00000", 3)
    missing = Face("crowd-00000-99999-0", "crowd-00000", ("x",), "")
    with pytest.raises(LookupError, match=r"crowd-00000\.tar lacks .*crowd-00000-99999-0"):
        contents(Storage(tmp_path), [*faces, missing])


def test_a_crop_that_is_not_the_training_sets_is_an_error(tmp_path: Path) -> None:
    face, *others = write_crowd(tmp_path, "crowd-00000", 3)
    other = Face(face.face_id, face.shard, face.captions, "0" * 64)
    with pytest.raises(LookupError, match=f"{face.face_id} .*build training_sets again"):
        contents(Storage(tmp_path), [other, *others])


def test_a_missing_tar_is_an_error_that_names_it(tmp_path: Path) -> None:
    face = Face("crowd-00000-00000-0", "crowd-00000", ("x",), "")
    with pytest.raises(FileNotFoundError, match=r"crowd-00000\.tar"):
        contents(Storage(tmp_path), [face])


@pytest.mark.parametrize("kept", [0, 100, 700, 3000])
def test_a_torn_tar_is_an_error_that_names_it(tmp_path: Path, kept: int) -> None:
    faces = write_crowd(tmp_path, "crowd-00000", 3)
    path = Storage(tmp_path).tar_path("face_crops", "crowd-00000")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(LookupError, match=r"crowd-00000\.tar (cannot be read|lacks|has another)"):
        contents(Storage(tmp_path), faces)
