import numpy as np
import pytest
import torch

from facecaption_assets.attributes.training.adaptive_weights import AdaptiveWeights, weights_from

CPU = torch.device("cpu")


def by_hand(previous: np.ndarray, current: np.ndarray) -> np.ndarray:
    """The paper's rule in NumPy: how much a loss moved, times how high it is, with a mean of 1."""
    before, now = previous.mean(axis=0), current.mean(axis=0)
    moved = np.abs(now - before) / now
    weights = (moved / moved.mean()) * (now / now.mean())
    return weights / weights.mean()


def test_weights_are_the_papers() -> None:
    random = np.random.default_rng(9)
    previous, current = random.uniform(0.1, 1, (2, 5, 40)).astype(np.float32)
    found = weights_from(torch.from_numpy(previous), torch.from_numpy(current))
    np.testing.assert_allclose(found, by_hand(previous, current), rtol=1e-5)
    assert float(found.mean()) == pytest.approx(1, abs=1e-5)


def test_high_and_moving_losses_weigh_more() -> None:
    previous, current = torch.tensor([[0.9, 0.5, 0.1]]), torch.tensor([[0.6, 0.5, 0.07]])
    high, stuck, low = weights_from(previous, current).tolist()
    assert high > low > stuck == 0


def test_weights_change_every_window_once_two_windows_are_full() -> None:
    adaptive = AdaptiveWeights(2, 3, CPU)
    losses = torch.rand(14, 2, generator=torch.Generator().manual_seed(10)) + 0.1
    changed = []
    for step, each in enumerate(losses):
        before = adaptive.weights
        adaptive.observe(step, each)
        if not torch.equal(before, adaptive.weights):
            changed.append(step)
            expected = by_hand(
                losses[step - 5 : step - 2].numpy(), losses[step - 2 : step + 1].numpy()
            )
            np.testing.assert_allclose(adaptive.weights, expected, rtol=1e-5)
    # At step 3 and 5 there are not yet six losses and a multiple of three.
    assert changed == [6, 9, 12]
    assert torch.equal(adaptive.losses, losses[-6:])
