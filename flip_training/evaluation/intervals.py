"""95 % intervals of what is measured over queries, by a bootstrap of what is independent.

Pictures of one person are alike, so what is drawn again and again is whole people, not queries.
What a query is, and what is measured of it, belongs to ``retrieval``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

#: Fewest groups whose spread says anything of groups that were not seen.
MIN_GROUPS: Final = 5

#: Draws, and the chance that an interval misses on either side.
_DRAWS: Final = 2000
_MISSED: Final = 0.025

#: Of values (Q,) under each row of weights (W, Q), no row all 0: (W,).
Statistic = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Bootstrap:
    """Clusters of pictures, to be drawn with replacement.

    Attributes:
        over: What is drawn. ``groups``: the interval holds for other people of this kind;
            ``pictures``: only for other pictures of the same people, who are too few.
        cluster: Each picture's cluster, (I,) int64, from 0.
        num_groups: Split groups among the pictures.
    """

    over: Literal["groups", "pictures"]
    cluster: Tensor
    num_groups: int

    @classmethod
    def of_groups(cls, groups: Sequence[str]) -> "Bootstrap":
        """Over split groups, given each picture's; over pictures if under ``MIN_GROUPS``."""
        place = {name: i for i, name in enumerate(dict.fromkeys(groups))}
        if len(place) < MIN_GROUPS:
            return cls("pictures", torch.arange(len(groups)), len(place))
        return cls("groups", torch.tensor([place[group] for group in groups]), len(place))

    @property
    def num_clusters(self) -> int:
        """Clusters, all of which have a picture."""
        return int(self.cluster.max()) + 1

    def weights(self, pictures: Tensor) -> Tensor:
        """How often each draw took each query, (``_DRAWS``, Q) float64; equal in every run.

        A caption is taken as often as the pictures that it describes, on average.

        Args:
            pictures: Which pictures are each query's own, (Q, I) bool, at least one per row.
        """
        number = self.num_clusters
        member = torch.nn.functional.one_hot(self.cluster, number).double()
        shares = pictures.double() @ member  # (Q, K)
        shares /= shares.sum(dim=1, keepdim=True)
        generator = torch.Generator().manual_seed(0)
        taken = torch.randint(number, (_DRAWS, number), generator=generator)
        times = torch.zeros(_DRAWS, number, dtype=torch.float64)
        times.scatter_add_(1, taken, torch.ones_like(times))
        return times @ shares.T

    def interval(
        self, values: Tensor, weights: Tensor, statistic: Statistic, bounds: tuple[float, float]
    ) -> tuple[float, float]:
        """The 95 % interval of a statistic.

        Percentiles, taken further out where clusters are few, by as much as Student's t is wider
        than the normal distribution. Where all draws agree, because all queries do, an end that is
        within the bounds is as far off as it may be for so many clusters to agree in one sample
        of forty. One cluster says nothing, so that its interval is the bounds.

        Args:
            values: One per query, (Q,), within the bounds.
            weights: What ``weights`` gave for these queries.
            statistic: What is made of the values.
            bounds: Least and greatest possible value.

        Source: expanded percentiles, T. Hesterberg, What Teachers Should Know About the Bootstrap
        (https://arxiv.org/abs/1411.5279).
        """
        if self.num_clusters < 2:
            return bounds
        found = statistic(values.double(), weights)
        cut = _cut_off(self.num_clusters)
        ends = torch.quantile(found, torch.tensor([cut, 1 - cut], dtype=found.dtype))
        # Sums are rounded: a mean of ones may be a little more than one.
        low, high = (min(max(float(end), bounds[0]), bounds[1]) for end in ends)
        if high - low <= 1e-9 * (bounds[1] - bounds[0]):
            slack = (bounds[1] - bounds[0]) * (1 - _MISSED ** (1 / self.num_clusters))
            low, high = max(bounds[0], low - slack), min(bounds[1], high + slack)
        return low, high


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean under each row of weights."""
    return weights @ values / weights.sum(dim=1)


def weighted_median(values: Tensor, weights: Tensor) -> Tensor:
    """The smallest value that at least half of each row's weight reaches."""
    ordered, order = values.sort()
    reached = weights[:, order].cumsum(dim=1)
    return ordered[(reached < reached[:, -1:] / 2 - 1e-9).sum(dim=1)]


def _cut_off(num_clusters: int) -> float:
    """The share of draws beyond each end."""
    from scipy.stats import norm, t

    wider = (num_clusters / (num_clusters - 1)) ** 0.5
    return float(norm.cdf(wider * t.ppf(_MISSED, num_clusters - 1)))
