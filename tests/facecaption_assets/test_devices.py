import pytest
import torch

from facecaption_assets.devices import allowed_gpus, best_dtype, lease_device, use_threads

CPU, CUDA = torch.device("cpu"), torch.device("cuda:1")


@pytest.mark.parametrize(
    ("allowed", "indices"), [(None, [0, 1, 2]), ("", [0, 1, 2]), ("2", [2]), ("2, 0", [2, 0])]
)
def test_gpus_may_be_limited(allowed: str | None, indices: list[int]) -> None:
    assert allowed_gpus(3, allowed) == indices


@pytest.mark.parametrize("allowed", ["3", "cuda:0", "0,", "-1"])
def test_a_gpu_that_there_is_not_is_named_with_the_variable(allowed: str) -> None:
    with pytest.raises(ValueError, match=r"FACECAPTION_GPUS is .* is not one of the 3 GPUs"):
        allowed_gpus(3, allowed)


def test_without_a_gpu_models_run_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert lease_device() == "cpu"


def test_the_leased_gpu_is_named_as_pytorch_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    class Properties:
        def __init__(self, index: int) -> None:
            self.uuid = f"fake-{index}-of-{tmp_path.name}"

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "get_device_properties", Properties)
    monkeypatch.setattr("facecaption_assets.gpu_lease.lock_folder", lambda: tmp_path)
    monkeypatch.setenv("FACECAPTION_GPUS", "2,3")
    assert lease_device() == "cuda:2"


@pytest.mark.parametrize(
    ("precision", "device", "dtype"),
    [
        ("float32", CPU, torch.float32),
        ("bfloat16", CPU, torch.bfloat16),
        ("auto", CUDA, torch.float16),
        ("bfloat16", CUDA, torch.bfloat16),
    ],
)
def test_precision_is_what_the_setting_says(
    precision: str, device: torch.device, dtype: torch.dtype
) -> None:
    assert best_dtype(precision, device, "X.precision") == dtype


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [({}, torch.float32), ({"avx512_bf16": True}, torch.bfloat16)],
)
def test_auto_uses_bfloat16_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert best_dtype("auto", CPU, "X.precision") == dtype


def test_float16_on_a_cpu_is_refused() -> None:
    with pytest.raises(ValueError, match=r"X\.precision is float16, which needs a GPU"):
        best_dtype("float16", CPU, "X.precision")


def test_threads_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        use_threads(3)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
