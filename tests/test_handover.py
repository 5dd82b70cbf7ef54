"""What one package writes, the other reads: the files are the only interface between them."""

import dagster as dg
import pyarrow.parquet as pq
import pytest

from facecaption_assets import storage as dataset_storage
from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build_shard, find_duplicates, register
from facecaption_assets.provenance import PROVENANCE_KEY, Verdict
from facecaption_assets.shards import opt_out as dataset_opt_out
from facecaption_assets.shards import opt_out_entries as dataset_entries
from facecaption_assets.shards.sources import Source, add_source
from flip_training import storage as training_storage
from flip_training.loading.crops import CropStream
from flip_training.loading.faces import read_faces
from flip_training.pairs import opt_out as training_opt_out
from flip_training.pairs import opt_out_entries as training_entries
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set
from flip_training.storage import GateFailed, Storage
from tests.opt_out_cases import COVERED, NOT_COVERED, PERCEPTUAL, ROWS, USELESS

pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

SHARD = "mine-00000"


@pytest.fixture
def home(dataset, instance) -> str:
    """A data root whose one shard the dataset's package has built."""
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    assert isinstance(definitions, dg.Definitions)
    job = definitions.resolve_job_def("build_shards")
    assert job.execute_in_process(partition_key=SHARD, instance=instance).success
    return str(dataset.home)


@pytest.mark.parametrize(("recipe", "pairs"), [("template", 2), ("llm", 2), ("template_llm", 2)])
def test_a_built_shard_becomes_pairs_with_their_pixels(home, recipe, pairs) -> None:
    storage = Storage.at(home)
    provenance = build_training_set(storage, RECIPES[recipe])
    assert provenance.rows >= pairs
    faces = [f for split in ("train", "val", "test") for f in read_faces(storage, recipe, split)]
    assert len(faces) == 2
    crops = {face.face_id: pixels for face, pixels in CropStream(storage, faces, 64).read()}
    assert crops.keys() == {f"{SHARD}-00000-0", f"{SHARD}-00001-0"}
    assert all(pixels.shape == (3, 64, 64) for pixels in crops.values())


def test_both_packages_record_provenance_and_verdicts_alike(home) -> None:
    theirs = dataset_storage.Storage(home)
    ours = Storage.at(home)
    written = theirs.read_provenance("llm_captions", SHARD)
    read = ours.read_provenance("llm_captions", SHARD)
    assert vars(read) == vars(written)
    metadata = pq.read_metadata(theirs.table_path("llm_captions", SHARD).path).metadata
    assert PROVENANCE_KEY in metadata
    assert ours.read_verdicts("llm_captions", SHARD) == [
        training_storage.Verdict(**vars(verdict))
        for verdict in theirs.read_verdicts("llm_captions", SHARD)
    ]


def test_a_shard_that_failed_its_gate_is_not_trained_on(home) -> None:
    theirs = dataset_storage.Storage(home)
    version = theirs.read_provenance("llm_captions", SHARD).data_version
    failed = Verdict("captions_present", False, True, "two are empty", version)
    theirs.record_verdict("llm_captions", SHARD, failed)
    with pytest.raises(GateFailed, match="two are empty"):
        build_training_set(Storage.at(home), RECIPES["llm"])


def test_copies_that_the_dataset_has_found_are_not_trained_on(
    home, dataset, instance, photos, tmp_path
) -> None:
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "copy.jpg").write_bytes((photos / "a.jpg").read_bytes())
    add_source(dataset.storage, Source("again", "folder", str(tmp_path / "again")))
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    register(dataset, instance, ["again"])
    assert build_shard(definitions, dataset, instance, "again-00000") == []
    storage = Storage.at(home)
    before = build_training_set(storage, RECIPES["llm"])
    assert before.counts["shards_not_searched_for_duplicates"] == 2
    assert find_duplicates(definitions, dataset, instance) == []
    after = build_training_set(storage, RECIPES["llm"])
    assert after.counts["shards_not_searched_for_duplicates"] == 0
    assert after.rows + after.counts["excluded_duplicate"] == before.rows
    faces = storage.read_table("training_sets", "llm")["face_id"].to_pylist()
    assert set(faces) == {"again-00000-00000-0", f"{SHARD}-00001-0"}


@pytest.mark.parametrize("line", [line for line, *_ in (*COVERED, *NOT_COVERED, *PERCEPTUAL)])
def test_both_packages_read_a_line_of_an_opt_out_list_alike(line) -> None:
    assert training_entries.parse_line(line) == dataset_entries.parse_line(line)


@pytest.mark.parametrize("line", USELESS)
def test_both_packages_refuse_the_same_lines_in_the_same_words(line) -> None:
    messages = []
    for entries in (dataset_entries, training_entries):
        with pytest.raises(ValueError) as refused:
            entries.parse_line(line)
        messages.append(str(refused.value))
    assert messages[0] == messages[1]


def test_both_packages_read_a_folder_alike(storage) -> None:
    lines = dict.fromkeys(line for line, *_ in (*COVERED, *NOT_COVERED, *PERCEPTUAL))
    storage.write_text(storage.opt_out_folder / "list.txt", "\n".join(lines))
    theirs = dataset_opt_out.OptOut.read(storage)
    ours = training_opt_out.OptOut.read(Storage.at(storage.home).opt_out_folder)
    assert vars(ours) == vars(theirs)
    assert ours.version == theirs.version
    for _, identifier in (*COVERED, *NOT_COVERED):
        assert ours.covers(identifier) == theirs.covers(identifier)
    for _, phash, _ in PERCEPTUAL:
        assert ours.covers(phash=phash) == (theirs.covering(phash=phash) is not None)


@pytest.mark.parametrize(("line", "row", "is_covered"), ROWS)
def test_both_packages_find_a_row_on_the_list_alike(storage, line, row, is_covered) -> None:
    storage.write_text(storage.opt_out_folder / "list.txt", line)
    theirs = dataset_opt_out.OptOut.read(storage)
    ours = training_opt_out.OptOut.read(Storage.at(storage.home).opt_out_folder)
    assert (theirs.covering_row(row) is not None) == ours.covers_row(row) == is_covered


@pytest.mark.parametrize("column", ["url", "sha256", "phash"])
def test_a_later_opt_out_leaves_no_pair_even_before_the_shard_is_rebuilt(home, column) -> None:
    theirs = dataset_storage.Storage(home)
    raw = theirs.read_table("raw_shards", SHARD).to_pylist()
    entry = f"{'phash:' if column == 'phash' else ''}{raw[0][column]}"
    theirs.write_text(theirs.opt_out_folder / "list.txt", f"{entry}\n")
    storage = Storage.at(home)
    build_training_set(storage, RECIPES["llm"])
    keys = {r["key"] for r in storage.read_table("training_sets", "llm").to_pylist()}
    assert raw[0]["key"] not in keys
