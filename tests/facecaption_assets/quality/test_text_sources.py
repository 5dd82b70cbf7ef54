import json
from dataclasses import replace
from math import log
from pathlib import Path

import pytest

from facecaption_assets.models import ModelStore
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.perplexity import Likelihood
from facecaption_assets.quality.text_settings import TextSettings
from facecaption_assets.quality.text_sources import SourceTexts, list_words_of, measure_texts
from facecaption_assets.quality.text_tokens import bound_memory
from facecaption_assets.storage import Storage


@pytest.fixture
def settings(tmp_path: Path) -> TextSettings:
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("hair NN\nman NN\nwoman NN\nportrait NN\nkind NN\nnumber NN\nbrown JJ\n")
    return TextSettings(nouns=str(lexicon))


class HalfSure:
    """Gives every word behind the first a probability of one half."""

    name = "half sure"

    def read(self, text: str) -> Likelihood:
        words = len(text.split()) - 1
        return Likelihood(words * log(0.5), words)


def measure(
    storage: Storage, settings: TextSettings, model: HalfSure | None = None
) -> dict[str, SourceTexts]:
    folder = Path(storage.home)
    with open_tables(storage) as connection:
        bound_memory(connection, folder / "spilled", settings)
        list_words_of(connection, settings, ModelStore(folder / "models"))
        found = measure_texts(connection, settings, model, folder / "read")
    return {source.name: source for source in found}


def test_sources_stand_side_by_side(build_home, settings: TextSettings) -> None:
    found = measure(build_home(), settings)
    assert list(found) == ["alt_text", "template", "rewritten", "synthetic"]
    template = found["template"]
    assert template.texts.captions == template.growth.whole.captions == 20
    assert template.texts.distinct_ngrams == template.growth.whole.distinct_ngrams
    assert template.nouns is not None
    assert (template.nouns.distinct, template.nouns.share) == (3, pytest.approx(2 / 5))
    assert template.grounding.share == pytest.approx(3 / 5)
    assert template.coverage is not None
    assert template.coverage.share == 1
    assert found["alt_text"].coverage is None
    assert template.perplexity is None


def test_samples_have_one_size(build_home, settings: TextSettings) -> None:
    storage = build_home(shards=1)
    found = measure(storage, settings)
    smallest = min(source.texts.captions for source in found.values())
    assert {source.sample.captions for source in found.values()} == {smallest}
    capped = measure(storage, replace(settings, sample_captions=5))
    assert {source.sample.captions for source in capped.values()} == {5}


def test_a_source_without_captions_is_left_out(storage, settings: TextSettings) -> None:
    assert measure(storage, settings) == {}


def test_the_same_captions_give_the_same_numbers(build_home, settings: TextSettings) -> None:
    storage = build_home(shards=1)
    one = measure(storage, replace(settings, threads=1))
    assert one == measure(storage, replace(settings, threads=4))


def test_numbers_are_json_and_hold_no_alt_text(build_home, settings: TextSettings) -> None:
    found = measure(build_home(shards=1), settings)["alt_text"]
    written = json.dumps(found.as_json())
    assert "portrait" not in written
    assert json.loads(written)["growth"]["points"][-1]["percent"] == 100


def test_nouns_are_not_told_without_a_lexicon(build_home, settings: TextSettings) -> None:
    template = measure(build_home(shards=1), replace(settings, nouns=""))["template"]
    assert template.nouns is None
    assert template.growth.whole.distinct_nouns is None
    assert template.sample.distinct_nouns is None


def test_perplexity_is_measured_where_it_is_on(build_home, settings: TextSettings) -> None:
    chosen = replace(settings, perplexity_captions=6)
    found = measure(build_home(shards=1), chosen, HalfSure())["template"]
    assert found.perplexity is not None
    assert found.perplexity.captions == 6
    assert found.perplexity.of_all == pytest.approx(2)


@pytest.mark.parametrize(
    "change", [{"counting": "roughly"}, {"sample_captions": 0}, {"memory_mb": 1}, {"threads": 0}]
)
def test_a_setting_that_cannot_be_meant_is_refused_by_name(change: dict) -> None:
    ((name, value),) = change.items()
    with pytest.raises(ValueError, match=f"{name} is .*{value}"):
        TextSettings(**change)
