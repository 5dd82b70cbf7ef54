import pickle
from pathlib import Path

import pytest
import torch

from facecaption_assets.attributes.bisenet import NUM_CLASSES, BiSeNet, load_bisenet


def test_network_has_as_many_parameters_as_the_published_checkpoint() -> None:
    assert sum(p.numel() for p in BiSeNet().parameters()) == 13_300_416


def test_logits_have_the_input_s_size() -> None:
    with torch.inference_mode():
        logits = BiSeNet().eval()(torch.zeros(2, 3, 64, 96))
    assert logits.shape == (2, NUM_CLASSES, 64, 96)


def test_checkpoint_loads_with_equal_weights_in_evaluation_mode(tmp_path: Path) -> None:
    weights = BiSeNet().state_dict()
    torch.save(weights, tmp_path / "weights.pth")
    network = load_bisenet(tmp_path / "weights.pth")
    assert not network.training
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("change", ["missing", "unexpected"])
def test_checkpoint_with_other_parameters_is_refused(tmp_path: Path, change: str) -> None:
    weights = BiSeNet().state_dict()
    if change == "missing":
        del weights["ffm.conv1.weight"]
    else:
        weights["ffm.conv9.weight"] = torch.zeros(1)
    torch.save(weights, tmp_path / "weights.pth")
    with pytest.raises(RuntimeError, match=r"ffm\.conv"):
        load_bisenet(tmp_path / "weights.pth")


def test_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"cp": Path("anything")}, tmp_path / "weights.pth")
    with pytest.raises(pickle.UnpicklingError, match=r"weights_only"):
        load_bisenet(tmp_path / "weights.pth")
