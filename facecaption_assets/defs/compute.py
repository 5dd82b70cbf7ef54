"""What an asset needs to run, said once for every place that reads it.

``pool`` binds everywhere (``dagster.yaml`` sets its limit), the tag shows in the UI, and the op
tags are read by Kubernetes and Ray. A pool counts steps; it does not choose a device.
"""

from typing import Any, Final

GPU_OP_TAGS: Final[dict[str, Any]] = {
    "dagster-k8s/config": {
        "container_config": {
            "resources": {
                "requests": {"cpu": "4", "memory": "16Gi"},
                "limits": {"nvidia.com/gpu": "1"},
            }
        },
        "pod_spec_config": {
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
        },
    },
    "dagster-ray/config": {"num_cpus": 4, "num_gpus": 1},
}

#: Keyword arguments of an asset that runs a model.
GPU: Final[dict[str, Any]] = {
    "pool": "gpu",
    "op_tags": GPU_OP_TAGS,
    "tags": {"facecaption/compute": "gpu"},
}

#: Keyword arguments of an asset that does not.
CPU: Final[dict[str, Any]] = {"tags": {"facecaption/compute": "cpu"}}
