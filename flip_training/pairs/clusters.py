"""Which faces look like a target set: k-means over the faces' embeddings.

A face is kept if its nearest centroid is also the nearest of some target picture. Computing
embeddings belongs to ``embedding``.

Source: DataComp's image-based filter, as used in strategy 9 of T. Nguyen et al., "Improving
Multimodal Datasets with Image Captioning", NeurIPS 2023.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flip_training.pairs.image_embeddings import FACES, TARGETS, read
from flip_training.pairs.recipes import Recipe
from flip_training.storage import Storage

Vectors = NDArray[np.float32]

#: Faces per centroid that k-means sees at most; more do not move the centroids (faiss's default).
_MOST_PER_CENTROID: Final = 256

#: Faces per centroid below which there are fewer centroids than asked for.
_LEAST_PER_CENTROID: Final = 10

_ITERATIONS: Final = 20
_SEED: Final = 0
_ROWS_AT_ONCE: Final = 8192


def faces_like_target(
    storage: Storage, shards: Sequence[str], recipe: Recipe
) -> Iterator[tuple[str, list[str]]]:
    """Each shard with the ids of its faces that share a centroid with a target picture.

    There are ``recipe.clusters`` centroids, but at most one for ten faces.

    Raises:
        PartitionMissing: If faces or targets have not been embedded.
    """
    total = sum(r.rows for s in shards if (r := storage.read_provenance(FACES, s)))
    count = max(1, min(recipe.clusters, total // _LEAST_PER_CENTROID))
    every = max(1, total // (count * _MOST_PER_CENTROID))
    sample = np.concatenate([read(storage, FACES, shard)[1][::every] for shard in shards])
    if not len(sample):
        yield from ((shard, []) for shard in shards)
        return
    centroids = fit_centroids(sample, count)
    wanted = np.unique(nearest(read(storage, TARGETS, recipe.target)[1], centroids))
    for shard in shards:
        names, vectors = read(storage, FACES, shard)
        is_like = np.isin(nearest(vectors, centroids), wanted)
        yield shard, [name for name, like in zip(names, is_like, strict=True) if like]


def fit_centroids(vectors: Vectors, count: int) -> Vectors:
    """Centroids by Lloyd's k-means from randomly chosen vectors, (count, D); deterministic."""
    from scipy.cluster.vq import kmeans2

    with warnings.catch_warnings():
        # A centroid that lost all of its vectors stays where it is, which does no harm.
        warnings.filterwarnings("ignore", "One of the clusters is empty")
        rng = np.random.default_rng(_SEED)
        count = min(count, len(vectors))
        centroids, _ = kmeans2(vectors, count, iter=_ITERATIONS, minit="points", rng=rng)
    return np.asarray(centroids, np.float32)


def nearest(vectors: Vectors, centroids: Vectors) -> NDArray[np.int64]:
    """Index of the centroid nearest to each vector, (N,); the first of equally near ones."""
    halves = (centroids**2).sum(axis=1) / 2
    parts = [np.argmin(halves - part @ centroids.T, axis=1) for part in _parts(vectors)]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _parts(vectors: Vectors) -> Iterable[Vectors]:
    return (vectors[at : at + _ROWS_AT_ONCE] for at in range(0, len(vectors), _ROWS_AT_ONCE))
