"""The draws, held against transformers' own warpers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from transformers import TemperatureLogitsWarper, TopKLogitsWarper

from facecaption_assets.captions.captioners.captioner import Draw
from facecaption_assets.captions.captioners.sampling import TokenSampler, draws_of
from facecaption_assets.captions.captioners.settings import CaptionerSettings

SETTINGS = CaptionerSettings(
    clip_model="any", temperatures=(0.5, 1.0), samples_per_temperature=3, min_new_tokens=0
)
END = 7


def sampler(rows: int, temperature: float = 0.75, **changes) -> TokenSampler:
    settings = replace(SETTINGS, **changes)
    random = np.random.default_rng(1)
    draws = [Draw(temperature, random.random(settings.max_new_tokens)) for _ in range(rows)]
    return TokenSampler(draws, settings, [END])


@pytest.mark.parametrize("temperature", [0.5, 0.75, 1.5])
def test_tokens_are_drawn_from_the_distribution_of_top_k_sampling(temperature: float) -> None:
    torch.manual_seed(2)
    logits = torch.randn(1, 30) * 2
    rows = 20_000
    drawn = sampler(rows, temperature, top_k=10).draw(logits.expand(rows, -1))
    found = np.bincount(drawn.numpy(), minlength=30)

    warped = TopKLogitsWarper(10)(None, TemperatureLogitsWarper(temperature)(None, logits))
    expected = warped.softmax(dim=-1)[0].double().numpy()
    possible = expected > 0
    assert found[~possible].sum() == 0
    wanted = expected[possible] / expected[possible].sum() * rows
    assert chisquare(found[possible], wanted).pvalue > 0.001


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    logits = torch.randn(6, 30, generator=torch.Generator().manual_seed(3))
    draws = draws_of("f1", SETTINGS)
    together = TokenSampler(draws, SETTINGS, [END])
    steps = [together.draw(logits) for _ in range(4)]
    for row, draw in enumerate(draws):
        alone = TokenSampler([draw], SETTINGS, [END])
        assert [alone.draw(logits[row : row + 1]).item() for _ in range(4)] == [
            step[row].item() for step in steps
        ]


def test_draws_follow_from_face_and_index_alone() -> None:
    first = draws_of("f1", SETTINGS)
    assert [draw.temperature for draw in first] == [0.5] * 3 + [1.0] * 3
    again, other = draws_of("f1", SETTINGS), draws_of("f2", SETTINGS)
    numbers = np.stack([draw.chances for draw in first])
    assert np.array_equal(numbers, np.stack([draw.chances for draw in again]))
    assert len(np.unique(np.concatenate([numbers, [d.chances for d in other]]))) == 12 * 40
    fewer = draws_of("f1", replace(SETTINGS, samples_per_temperature=1))
    assert np.array_equal(fewer[0].chances, first[0].chances)


def test_a_caption_does_not_end_before_its_fewest_tokens() -> None:
    logits = torch.zeros(50, 10)
    logits[:, END] = 100.0
    drawing = sampler(50, min_new_tokens=3)
    for _ in range(3):
        assert not drawing.has_ended
        assert END not in drawing.draw(logits)
    assert set(drawing.draw(logits).tolist()) == {END}
    assert drawing.has_ended
    assert {len(tokens) for tokens in drawing.captions()} == {3}
    assert logits[0, END] == 100.0


def test_the_answer_to_transformers_leaves_one_token() -> None:
    logits = torch.randn(5, 20, generator=torch.Generator().manual_seed(4))
    drawing = sampler(5, min_new_tokens=1)
    forced = drawing(torch.zeros(5, 1), logits)
    assert forced.softmax(dim=-1).max(dim=-1).values.tolist() == [1.0] * 5
    assert [[token] for token in forced.argmax(dim=-1).tolist()] == drawing.captions()


def test_the_last_of_the_tokens_is_drawn_by_the_largest_chance() -> None:
    almost_one = np.full(40, np.nextafter(1.0, 0.0))
    drawing = TokenSampler([Draw(1.0, almost_one)], SETTINGS, [END])
    assert drawing.draw(torch.tensor([[3.0, 1.0, 2.0]])).item() == 1
