from pathlib import Path

import pytest

from facecaption_assets.captions.captioners.settings import CaptionerSettings
from facecaption_assets.hub_models import model_name


def test_the_papers_numbers_are_the_defaults_and_the_stage_is_off() -> None:
    settings = CaptionerSettings()
    numbers = (settings.top_k, settings.temperatures, settings.min_new_tokens)
    assert (*numbers, settings.max_new_tokens) == (50, (0.75,), 5, 40)
    assert settings.model == ""
    assert settings.drawn == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperatures": ()}, r"temperatures is \[\]; allowed is a list of numbers above 0"),
        ({"temperatures": (0.0,)}, r"temperatures is \[0.0\]"),
        ({"precision": "int8"}, r"precision is 'int8'; allowed is one of auto, float32"),
        ({"min_new_tokens": 9, "max_new_tokens": 8}, r"min_new_tokens is 9; .* max_new_tokens, 8"),
        ({"top_k": 0}, r"top_k is 0; allowed is 1 or more"),
        ({"samples_per_temperature": 3}, r"clip_model is empty; .* draw 3 captions .* keeps 1"),
        ({"captions_per_face": 2}, r"captions_per_face is 2; allowed is at most the 1"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        CaptionerSettings(**changes)


def test_all_drawn_captions_may_be_kept_without_a_clip() -> None:
    settings = CaptionerSettings(temperatures=(0.5, 1.0), captions_per_face=2)
    assert settings.drawn == 2


def test_a_model_of_the_hub_has_its_name_and_a_folder_its_last_part(tmp_path: Path) -> None:
    assert model_name("a/blip@12ab") == "a/blip@12ab"
    (tmp_path / "mine").mkdir()
    assert model_name(str(tmp_path / "mine")) == "mine"
