"""Best of several: planted texts and scores."""

import pytest
import torch

from facecaption_assets.captions.captioners.choosing import BestOf, choose, screen
from facecaption_assets.captions.captioners.settings import CaptionerSettings
from facecaption_assets.memory import OutOfMemory

SETTINGS = CaptionerSettings(clip_model="any", samples_per_temperature=4)
SAYS = (
    "a woman with long brown hair",
    "a 30 year old woman",
    "a woman in a hat",
    "a woman in a hat",
)


def test_the_best_by_cosine_is_chosen_among_those_that_pass(told, ranker, sittings) -> None:
    best_of = BestOf(told(SAYS), ranker, 1, 8)
    for candidates in best_of.candidates(sittings(SETTINGS)):
        assert [c.is_chosen for c in candidates] == [False, False, True, False]
        assert [c.refusal for c in candidates] == [
            None,
            "number_or_age",
            None,
            "repeats_another",
        ]
        assert [c.cosine and round(1 / c.cosine) for c in candidates] == [28, None, 16, None]


@pytest.mark.parametrize(("chosen", "marks"), [(1, [1, 0, 0, 0]), (2, [1, 0, 1, 0])])
def test_without_scores_the_first_drawn_are_chosen(chosen: int, marks: list[int]) -> None:
    assert [c.is_chosen for c in choose(screen(SAYS), chosen)] == list(map(bool, marks))


def test_a_face_whose_texts_are_all_refused_has_none_chosen(told, ranker, sittings) -> None:
    (candidates,) = BestOf(told(("", "@x", "1", "a")), ranker, 1, 8).candidates(
        sittings(SETTINGS, 1)
    )
    assert not any(c.is_chosen or c.text for c in candidates)


def test_a_batch_that_does_not_fit_is_halved_and_the_answers_are_the_same(
    told, ranker, sittings
) -> None:
    faces = sittings(SETTINGS, 7)
    narrow = told(SAYS, fits=2)
    best_of = BestOf(narrow, ranker, 1, 8)
    found = best_of.candidates(faces)
    assert found == BestOf(told(SAYS), ranker, 1, 8).candidates(faces)
    assert narrow.batches == [7, 3, 1, 1, 1, 1, 1, 1, 1]
    best_of.candidates(faces[:2])
    assert narrow.batches[-2:] == [1, 1]


def test_a_ranker_without_memory_halves_the_batch_as_well(told, sittings) -> None:
    class Narrow:
        def cosines(self, pictures, texts):
            if len(pictures) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return [[0.5 for _ in own] for own in texts]

    found = BestOf(told(SAYS), Narrow(), 1, 4).candidates(sittings(SETTINGS, 4))
    assert [sum(c.is_chosen for c in candidates) for candidates in found] == [1] * 4


def test_memory_that_does_not_suffice_for_one_face_is_an_error(told, sittings) -> None:
    with pytest.raises(OutOfMemory, match="one at a time"):
        BestOf(told(SAYS, fits=0), None, 1, 4).candidates(sittings(SETTINGS, 2))
