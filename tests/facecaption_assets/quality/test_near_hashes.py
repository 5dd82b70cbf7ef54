import duckdb
import numpy as np
import pyarrow as pa
import pytest

from facecaption_assets.quality.near_hashes import Components, key_masks, near_pairs


@pytest.mark.parametrize("hashes", [2, 300, 10_000, 10_000_000, 10**9])
@pytest.mark.parametrize("distance", [0, 1, 4, 8])
def test_hashes_within_the_distance_agree_in_some_mask(distance, hashes) -> None:
    masks = key_masks(distance, hashes)
    random = np.random.default_rng(0)
    for _ in range(300):
        flipped = random.choice(64, distance, replace=False)
        difference = sum(1 << int(bit) for bit in flipped)
        assert any(difference & mask == 0 for mask in masks)


def test_more_hashes_get_longer_keys() -> None:
    lengths = [key_masks(4, hashes)[0].bit_count() for hashes in (100, 100_000, 100_000_000)]
    assert lengths == sorted(set(lengths))


def planted(rows: int) -> dict[str, np.ndarray]:
    """Random hashes, the last half of which are the first half with some bits flipped."""
    random = np.random.default_rng(1)
    parts = random.integers(0, 2**64, (5, rows), np.uint64)
    half = rows // 2
    for row in range(half, rows):
        parts[:, row] = parts[:, row - half]
        for bit in random.choice(64, random.integers(1, 8), replace=False):
            parts[0, row] ^= np.uint64(1 << int(bit))
        for bit in random.choice(256, random.integers(0, 40), replace=False):
            parts[1 + bit // 64, row] ^= np.uint64(1 << int(bit % 64))
    return {"id": np.arange(rows), **dict(zip(("h", "l0", "l1", "l2", "l3"), parts, strict=True))}


def test_exactly_the_pairs_within_both_distances_are_found() -> None:
    columns = planted(600)
    short = np.bitwise_count(columns["h"][:, None] ^ columns["h"])
    parts = [columns[f"l{i}"] for i in range(4)]
    long = sum(np.bitwise_count(part[:, None] ^ part).astype(int) for part in parts)
    expected = set(zip(*np.nonzero(np.triu((short <= 4) & (long <= 20), 1)), strict=True))
    with duckdb.connect() as connection:
        connection.register("hashes", pa.table(columns))
        batches = list(near_pairs(connection, "hashes", 4, 20))
    found = {pair for ones, others in batches for pair in zip(ones, others, strict=True)}
    assert 20 < len(expected) < 300
    assert found == expected


def test_components_hold_what_is_linked_through_others() -> None:
    components = Components(7)
    components.link(np.array([5, 2, 6]), np.array([3, 5, 1]))
    assert components.roots().tolist() == [0, 1, 2, 2, 4, 2, 1]


def test_a_long_chain_is_one_component() -> None:
    size = 20_000
    components = Components(size)
    components.link(np.arange(size - 1, 0, -1), np.arange(size - 2, -1, -1))
    assert set(components.roots().tolist()) == {0}
