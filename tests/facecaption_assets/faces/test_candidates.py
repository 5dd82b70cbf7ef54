from collections.abc import Callable
from typing import Any

import pytest
import torch

from facecaption_assets.faces.candidates import CandidateHead, has_readable_head

FIVE = {"nc": 1, "kpt_shape": [5, 3]}


def features_and_output(head: Any, shape: tuple[int, int]) -> tuple[list[Any], torch.Tensor]:
    """Noise for a head that looks at pictures of a shape, and its output (B, places, channels)."""
    chance = torch.Generator().manual_seed(1)
    features = [
        torch.randn(
            2, branch[0].conv.in_channels, *(side // stride for side in shape), generator=chance
        )
        for branch, stride in zip(head.cv2, (8, 16, 32), strict=True)
    ]
    spread(head, features)
    with torch.inference_mode():
        return features, head(list(features))[0].transpose(1, 2)


def spread(head: Any, features: list[torch.Tensor]) -> None:
    """Make the scores of an untrained head differ from place to place."""
    with torch.no_grad():
        for branch, feature in zip(head.cv3, features, strict=True):
            logits, last = branch(feature), branch[-1]
            scale = 2 / logits.std()
            last.weight *= scale
            last.bias.copy_((last.bias - logits.mean(dim=(0, 2, 3))) * scale)


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
    head = untrained(config, **changes).model[-1]
    features, output = features_and_output(head, shape)
    chance = torch.Generator().manual_seed(2)
    chosen = [torch.rand(2, *f.shape[2:], generator=chance) < share for f in features]
    for places in chosen:
        places[:, 0, :3] = places[:, -1, -1] = True  # The border of the map, and its corners.
    head.cv3 = torch.nn.ModuleList([SetScores(places) for places in chosen])
    with torch.inference_mode():
        rows = CandidateHead(head, 0, torch.float32).read(features, 0.5)
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
    head = untrained("v8/yolov8", nc=3).model[-1]
    features, output = features_and_output(head, (128, 128))
    with torch.inference_mode():
        rows = CandidateHead(head, 1, torch.float32).read(features, 0.3)
    scores = output[..., 4:]
    expected = (scores.argmax(-1) == 1) & (scores[..., 1] > 0.3)
    assert 0 < len(rows) == int(expected.sum()) < expected.numel() / 2


def test_scores_are_exact_though_places_are_chosen_in_bfloat16(
    untrained: Callable[..., Any],
) -> None:
    head = untrained("v8/yolov8", nc=1).model[-1]
    features, output = features_and_output(head, (256, 256))
    scores = output[..., 4].flatten().sort(descending=True).values
    threshold = float(scores[40] + scores[41]) / 2
    with torch.inference_mode():
        rows = CandidateHead(head, 0, torch.bfloat16).read(features, threshold)
    found = rows[:, 5].sort(descending=True).values
    torch.testing.assert_close(found, scores[:41], rtol=1e-4, atol=1e-5)


def test_heads_that_choose_their_faces_themselves_are_not_read(
    untrained: Callable[..., Any],
) -> None:
    assert has_readable_head(untrained("v8/yolov8", nc=1).model[-1])
    assert not has_readable_head(untrained("26/yolo26", nc=1).model[-1])
