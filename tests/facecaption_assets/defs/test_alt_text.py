"""What the language model is shown of a shard, and what that makes the captions depend on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build_shard, states
from facecaption_assets.defs.registry import register_source
from facecaption_assets.freshness import State
from facecaption_assets.shards.sources import Source, add_source
from tests.fakes import DreamingClient, FakeModels

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

SHARD = "mine-00000"


#: What the language model of each data root was asked.
asked: dict[str, str] = {}


class Overheard(FakeModels):
    """Remembers what the language model was asked."""

    @contextmanager
    def chat_client(self) -> Iterator[DreamingClient]:
        client = DreamingClient()
        yield client
        asked[self.home] = str(client.requests)


@pytest.fixture
def dataset(tmp_path, photos, request) -> Overheard:
    """A shard whose first picture has an alt-text; the parameter is the profile."""
    (photos / "a.txt").write_text("Jane Doe at the ball")
    dataset = Overheard(home=str(tmp_path / "home"), profile_name="embedded")
    dataset.storage.write_text(dataset.storage.profile_file, request.param)
    add_source(dataset.storage, Source("mine", "folder", str(photos)))
    register_source(dataset, "mine")
    return dataset


def build(dataset: Overheard, instance) -> str:
    """Build the shard; what the model was asked."""
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    assert build_shard(definitions, dataset, instance, SHARD) == []
    return asked[dataset.home]


@pytest.mark.parametrize("dataset", [""], indirect=True)
def test_alt_text_is_neither_shown_nor_read_by_default(dataset, instance) -> None:
    requests = build(dataset, instance)
    assert "Draft: " in requests and "Jane Doe" not in requests
    read = dataset.storage.require("llm_captions", SHARD).input_versions
    assert set(read) == {f"template_captions/{SHARD}", f"face_attributes/{SHARD}"}


@pytest.mark.parametrize("dataset", ['[rewriting]\nalt_text = "hint"'], indirect=True)
def test_a_hint_is_shown_and_makes_captions_depend_on_the_crops(dataset, instance) -> None:
    assert '"Jane Doe at the ball"' in build(dataset, instance)
    storage = dataset.storage
    captions = storage.read_table("llm_captions", SHARD)
    assert not any("Jane" in caption for caption in captions["caption"].to_pylist())
    written = storage.require("llm_captions", SHARD)
    crops = {f"face_crops/{SHARD}": storage.require("face_crops", SHARD).data_version}
    assert written.input_versions.items() >= crops.items()
    others = {**written.input_versions, f"face_crops/{SHARD}": "another"}
    storage.commit(captions, replace(written, input_versions=others))
    [state] = [s for s in states(dataset) if s.asset == "llm_captions"]
    assert (state.state, state.reason) == (State.STALE, "face_crops changed")
