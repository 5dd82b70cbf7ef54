"""What an asset needs to run, said once for every asset that trains or runs a FLIP.

``pool`` binds everywhere (the instance's configuration sets its limit), the tag shows in the UI,
and the op tags are read by Kubernetes and Ray. A pool counts steps; it does not choose a device.
"""

from typing import Any, Final

GPU_OP_TAGS: Final[dict[str, Any]] = {
    "dagster-k8s/config": {
        "container_config": {
            "resources": {
                "requests": {"cpu": "8", "memory": "32Gi"},
                "limits": {"nvidia.com/gpu": "1"},
            }
        },
        "pod_spec_config": {
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
        },
    },
    "dagster-ray/config": {"num_cpus": 8, "num_gpus": 1},
}

#: Pool of every step that needs a GPU.
GPU_POOL: Final = "gpu"

#: Tags by which assets are found in the UI.
GPU_TAGS: Final = {"facecaption/compute": "gpu"}
CPU_TAGS: Final = {"facecaption/compute": "cpu"}
