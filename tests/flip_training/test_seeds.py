"""Seeds that are the same everywhere."""

from flip_training.seeds import stable_seed


def test_a_seed_depends_on_its_parts_only() -> None:
    # A changed value would change the order and the captions of every training.
    assert stable_seed(42, "order", 3) == stable_seed("42/order/3") == 47881487156668795


def test_seeds_fit_a_signed_64_bit_integer() -> None:
    assert all(0 <= stable_seed(i) < 2**63 for i in range(100))
