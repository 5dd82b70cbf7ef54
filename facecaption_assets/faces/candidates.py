"""Reading the faces out of a YOLO head only where it sees some.

The head of a YOLO network computes a box and landmarks at every position of three feature maps,
for a face or two. Here every position is scored; box, landmarks and the exact score are computed
at the candidates, from the 5 x 5 features around each that the head's two 3 x 3 convolutions look
at. In float32 the numbers are the head's own; where the network runs in a shorter format, scores
of that format choose the candidates, with a margin, and what is read out is float32 still.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import torch

    _Branch = Callable[[torch.Tensor], torch.Tensor]
    #: Picture, row and column, (N,) each.
    _Places = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

#: Width of the features that decide a position: two convolutions of 3 x 3.
REACH: Final = 5

#: Candidates are taken from this much below the threshold, in logits: bfloat16 errs by 0.02 here.
LOGIT_MARGIN: Final = 0.2


def has_readable_head(head: Any) -> bool:
    """Whether a network's last layer is one that ``CandidateHead`` can read: YOLOv8's and 11's.

    The heads of v10 and 26 choose their faces by themselves.
    """
    from ultralytics.nn.modules.head import Detect, Pose

    return type(head) in (Detect, Pose) and not head.end2end and head.reg_max > 1


class CandidateHead:
    """A Detect or Pose head that is evaluated at candidates.

    Args:
        head: Ultralytics' module, in float32 and on its device.
        face: The class that is a face.
        scan: The number format in which all positions are scored.
    """

    def __init__(self, head: Any, face: int, scan: "torch.dtype") -> None:
        from copy import deepcopy

        import torch

        self._head = head
        self._face = face
        self._has_points = hasattr(head, "cv4")
        self._width = 6 + (2 * head.kpt_shape[0] if self._has_points else 0)
        self._margin = 0.0 if scan == torch.float32 else LOGIT_MARGIN
        self._scan_dtype = scan
        self._scans = head.cv3 if scan == torch.float32 else deepcopy(head.cv3).to(scan)

    def read(self, features: "list[torch.Tensor]", min_score: float) -> "torch.Tensor":
        """Candidates of a batch that score above ``min_score``.

        Args:
            features: (B, C, H, W) for each of the head's scales.
            min_score: [0, 1].

        Returns:
            (N, 6 + 2K): picture, box as left, top, right, bottom, score, K landmarks as x and y;
            in px of the network's input.
        """
        import torch

        scales = [self._read_scale(i, f, min_score) for i, f in enumerate(features)]
        return torch.cat(scales)

    def _read_scale(self, scale: int, feature: "torch.Tensor", min_score: float) -> "torch.Tensor":
        import torch

        head, stride = self._head, self._head.stride[scale]
        places, logits = self._candidates(scale, feature, _logit(min_score))
        picture, y, x = places
        if not len(picture):
            return feature.new_zeros((0, self._width), dtype=torch.float32)
        anchors = torch.stack([x, y]).float() + 0.5
        parts = [
            picture[:, None].float(),
            self._boxes(_at(head.cv2[scale], feature, places), anchors) * stride,
            logits[:, None].sigmoid(),
        ]
        if self._has_points:
            points = _at(head.cv4[scale], feature, places).reshape(-1, *head.kpt_shape)[..., :2]
            parts.append(((points * 2 + anchors.T[:, None] - 0.5) * stride).flatten(1))
        return torch.cat(parts, 1)

    def _candidates(
        self, scale: int, feature: "torch.Tensor", least: float
    ) -> "tuple[_Places, torch.Tensor]":
        """Where a scale sees a face, and how surely, (N,)."""
        scan = self._scans[scale](feature.to(self._scan_dtype))[:, self._face].float()
        picture, y, x = (scan > least - self._margin).nonzero(as_tuple=True)
        if not len(picture):
            return (picture, y, x), scan.new_zeros(0)
        logits = _at(self._head.cv3[scale], feature, (picture, y, x))
        # A place belongs to its best class, as in ultralytics' own suppression.
        is_face = (logits[:, self._face] > least) & (logits.argmax(1) == self._face)
        return (picture[is_face], y[is_face], x[is_face]), logits[is_face, self._face]

    def _boxes(self, logits: "torch.Tensor", anchors: "torch.Tensor") -> "torch.Tensor":
        """(N, 4 x bins) distributions of the distances to the four sides, to boxes (N, 4)."""
        import torch

        left_top, right_bottom = self._head.dfl(logits.T[None])[0].chunk(2)
        return torch.cat([anchors - left_top, anchors + right_bottom]).T


def _at(
    branch: "_Branch",
    feature: "torch.Tensor",
    places: "_Places",
) -> "torch.Tensor":
    """A branch's output at places (picture, y, x), (N, channels), in float32."""
    import torch

    picture, y, x = places
    height, width = feature.shape[2:]
    if len(picture) * REACH**2 >= feature.shape[0] * height * width:
        # So many that the whole map is less work.
        return branch(feature.float())[picture, :, y, x]
    top, rows = _window(y, height)
    left, columns = _window(x, width)
    patches = feature[picture[:, None, None], :, rows[:, :, None], columns[:, None]]
    answers = branch(patches.permute(0, 3, 1, 2).float())
    return answers[torch.arange(len(answers), device=answers.device), :, y - top, x - left]


def _window(centre: "torch.Tensor", size: int) -> "tuple[torch.Tensor, torch.Tensor]":
    """First index of each window, (N,), and all its indices, (N, reach).

    A window stays inside the map: one that would cross the border ends at it, where the patch's
    own zero padding is then the map's, so that the result is exact there as well.
    """
    import torch

    reach = min(REACH, size)
    first = (centre - reach // 2).clamp(0, size - reach)
    return first, first[:, None] + torch.arange(reach, device=centre.device)


def _logit(score: float) -> float:
    if score <= 0:
        return -math.inf
    return math.inf if score >= 1 else math.log(score / (1 - score))
