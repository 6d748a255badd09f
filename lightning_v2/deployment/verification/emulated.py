"""Cases in the exact tier."""

import torch

from lightning_v2 import tensix
from lightning_v2.deployment.verification.cases import NAMED, Case, program_config


def run(case: Case, operands: dict[str, torch.Tensor | float]) -> torch.Tensor:
    """The result of a case, float32, on the architecture of `tensix.settings()`.

    Raises:
        LightningError: the exact tier does not compute it.
    """
    op, options, inputs = case["op"], dict(case["options"]), case["inputs"]
    if op == "from_torch":
        return tensix.to_torch(tensix.from_torch(operands["x"], case["output"]))
    tensors = {
        name: tensix.Tensor(x, inputs[name]) if isinstance(x, torch.Tensor) else x
        for name, x in operands.items()
    }
    config = tensix.ComputeKernelConfig(**case["config"]) if case["config"] else None
    if op == "conv1d":
        return tensix.to_torch(_convolution(tensors, config, options))
    if config is not None:
        options["compute_kernel_config"] = config
    if "in0_block_w" in options:
        options["program_config"] = program_config(options)
    named = {key: tensors.pop(key) for key in NAMED if key in tensors}
    return tensix.to_torch(getattr(tensix, op)(*tensors.values(), **named, **options))


def _convolution(
    tensors: dict[str, tensix.Tensor],
    config: tensix.ComputeKernelConfig | None,
    options: dict[str, object],
) -> tensix.Tensor:
    prepared = [options.pop(key, None) for key in ("weights_dtype", "shard_layout")]
    bias = tensors.get("bias")
    return tensix.conv1d(
        input_tensor=tensors["x"],
        weight_tensor=tensors["w"],
        bias_tensor=bias and tensix.Tensor(bias.values.flatten(), bias.dtype),
        compute_config=config,
        conv_config=tensix.Conv2dConfig(*prepared),
        **options,
    )
