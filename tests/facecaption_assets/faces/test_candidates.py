from collections.abc import Callable
from typing import Any

import pytest
import torch

from facecaption_assets.faces.candidates import CandidateHead, has_readable_head

FIVE = {"nc": 1, "kpt_shape": [5, 3]}


def spread(network: Any) -> Any:
    """Make an untrained network's scores differ from place to place."""
    head = network.model[-1]
    for branch in head.cv3:
        branch[-1].weight.data *= 300
        branch[-1].bias.data += 4
    return network


def features_and_output(network: Any, shape: tuple[int, int]) -> tuple[list[Any], torch.Tensor]:
    """What the head is given for noise, and what it makes of it: (places, channels)."""
    seen: list[Any] = []
    network.model[-1].register_forward_pre_hook(lambda _, inputs: seen.extend(inputs[0]))
    pixels = torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        output = network(pixels)[0]
    return list(seen), output.transpose(1, 2)


def between(scores: torch.Tensor, count: int) -> float:
    """A threshold that ``count`` scores, or a few more, lie above, far from each of them."""
    ranked = scores.flatten().sort(descending=True).values
    gaps = ranked[count : count + 20] - ranked[count + 1 : count + 21]
    widest = count + int(gaps.argmax())
    return float(ranked[widest] + ranked[widest + 1]) / 2


def sort_rows(rows: torch.Tensor) -> torch.Tensor:
    return rows[rows[:, 5].argsort(descending=True)]


@pytest.mark.parametrize("share", [0.02, 0.4], ids=["read at patches", "read from the whole map"])
@pytest.mark.parametrize("shape", [(256, 320), (64, 96)])
@pytest.mark.parametrize(
    ("config", "changes"),
    [("v8/yolov8-pose", FIVE), ("v8/yolov8", {"nc": 1}), ("11/yolo11-pose", FIVE)],
)
def test_candidates_are_what_the_whole_head_computes_there(
    untrained: Callable[..., Any],
    config: str,
    changes: dict[str, Any],
    shape: tuple[int, int],
    share: float,
) -> None:
    network = untrained(config, **changes)
    features, output = features_and_output(network, shape)
    chance = torch.Generator().manual_seed(2)
    chosen = [torch.rand(2, *f.shape[2:], generator=chance) < share for f in features]
    for places in chosen:
        places[:, 0, :3] = places[:, -1, -1] = True  # The border of the map, and its corners.
    network.model[-1].cv3 = torch.nn.ModuleList([SetScores(places) for places in chosen])
    with torch.inference_mode():
        rows = CandidateHead(network.model[-1], 0, torch.float32).read(features, 0.5)
    expected, start = [], 0
    for places in chosen:
        picture, place = places.flatten(1).nonzero(as_tuple=True)
        expected.append(as_rows(picture, output[picture, start + place]))
        start += places[0].numel()
    torch.testing.assert_close(rows, torch.cat(expected), rtol=1e-4, atol=2e-3)


def as_rows(picture: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    centre, size, points = output[:, :2], output[:, 2:4], output[:, 5:]
    scores = torch.full((len(output), 1), torch.tensor(10.0).sigmoid().item())
    parts = [picture[:, None], centre - size / 2, centre + size / 2, scores]
    if points.shape[1]:
        parts.append(points.reshape(-1, 5, 3)[..., :2].flatten(1))
    return torch.cat(parts, 1)


class SetScores(torch.nn.Module):
    """Takes the chosen places of a map for faces, and every patch that it is asked about."""

    def __init__(self, chosen: torch.Tensor) -> None:
        super().__init__()
        self.chosen = chosen

    def forward(self, feature: torch.Tensor) -> torch.Tensor:
        if (len(feature), *feature.shape[2:]) == self.chosen.shape:
            return self.chosen[:, None] * 20.0 - 10.0
        return torch.full((len(feature), 1, *feature.shape[2:]), 10.0)


def test_a_place_belongs_to_its_best_class_only(untrained: Callable[..., Any]) -> None:
    network = spread(untrained("v8/yolov8", nc=3))
    features, output = features_and_output(network, (128, 128))
    with torch.inference_mode():
        rows = CandidateHead(network.model[-1], 1, torch.float32).read(features, 0.001)
    scores = output[..., 4:]
    expected = (scores.argmax(-1) == 1) & (scores[..., 1] > 0.001)
    assert 0 < len(rows) == int(expected.sum()) < expected.numel()


def test_scores_are_exact_though_places_are_chosen_in_bfloat16(
    untrained: Callable[..., Any],
) -> None:
    network = spread(untrained("v8/yolov8", nc=1))
    features, output = features_and_output(network, (256, 256))
    threshold = between(output[..., 4], 30)
    with torch.inference_mode():
        rows = CandidateHead(network.model[-1], 0, torch.bfloat16).read(features, threshold)
    expected = output[..., 4][output[..., 4] > threshold].sort(descending=True).values
    torch.testing.assert_close(sort_rows(rows)[:, 5], expected, rtol=1e-4, atol=1e-5)


def test_heads_that_choose_their_faces_themselves_are_not_read(
    untrained: Callable[..., Any],
) -> None:
    assert has_readable_head(untrained("v8/yolov8", nc=1).model[-1])
    assert not has_readable_head(untrained("26/yolo26", nc=1).model[-1])
    assert not has_readable_head(untrained("v10/yolov10n", nc=1).model[-1])
