"""Cases as calls of ttnn on an open device."""

from typing import Any

import torch

from lightning_v2.deployment.device.programs import Product, choices
from lightning_v2.deployment.device.target import Device
from lightning_v2.deployment.device.ttnn_objects import Words
from lightning_v2.deployment.verification.cases import NAMED, Case, program_config
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, MatmulProgramConfig
from lightning_v2.tensix.numbers.formats import TILE

_ENUMS = {"mode": "SigmoidMode", "variant": "GeluVariant"}
_BY_POSITION = ("permute", "reshape", "slice", "transpose")


class Operations:
    """Runs cases with ttnn."""

    def __init__(self, device: Device):
        import ttnn

        self._ttnn, self._device, self._words = ttnn, device, Words(device)

    def stored(self, x: torch.Tensor, dtype: str) -> torch.Tensor:
        """x, as a tensor of that format holds it once the host has packed it."""
        return self._ttnn.to_torch(self._tensor(x, dtype, device=None)).float()

    def run(self, case: Case, operands: dict[str, torch.Tensor | float]) -> torch.Tensor:
        """The result of a case, float32.

        Raises:
            RuntimeError: ttnn refuses it.
        """
        if case["op"] == "from_torch":
            return self.stored(operands["x"], case["output"])
        options = {key: self._option(key, value) for key, value in case["options"].items()}
        call = self._convolution if case["op"] == "conv1d" else self._call
        return self._ttnn.to_torch(call(case, operands, options)).float()

    def _call(self, case: Case, operands: dict[str, Any], options: dict[str, Any]) -> Any:
        tensors = {
            name: self._tensor(x, case["inputs"][name]) if isinstance(x, torch.Tensor) else x
            for name, x in operands.items()
        }
        if case["config"]:
            config = ComputeKernelConfig(**case["config"])
            options["compute_kernel_config"] = self._words.kernel(config)
        if "in0_block_w" in options:
            words = program_config(options)
            options["program_config"] = self._program(case, operands, words)
        named = {key: tensors.pop(key) for key in NAMED if key in tensors}
        function = getattr(self._ttnn, case["op"])
        if case["op"] == "concat":
            return function(list(tensors.values()), **options)
        if case["op"] in _BY_POSITION:
            return function(*tensors.values(), *options.values())
        return function(*tensors.values(), **named, **options)

    def _program(self, case: Case, operands: dict[str, Any], words: MatmulProgramConfig) -> Any:
        """The program config of a product that is cut and ends as `words` say."""
        turned = case["options"].get("transpose_b", False)
        (m, k), n = operands["a"].shape[-2:], operands["b"].shape[-2 if turned else -1]
        config = ComputeKernelConfig(**case["config"])
        product = Product(
            *(-(-size // TILE) for size in (m, k, n)),
            case["inputs"]["a"],
            case["inputs"]["b"],
            case["output"],
            config.math_fidelity,
            words.in0_block_w,
            config.fp32_dest_acc_en,
        )
        return self._words.program(product, choices(product, self._device.grid)[0], words)

    def _convolution(self, case: Case, operands: dict[str, Any], options: dict[str, Any]) -> Any:
        ttnn = self._ttnn
        tensors = {
            name: self._tensor(x, case["inputs"][name], device=None, tiled=False)
            for name, x in operands.items()
        }
        prepared = {
            key: options.pop(key) for key in ("shard_layout", "weights_dtype") if key in options
        }
        if prepared:
            options["conv_config"] = ttnn.Conv1dConfig(**prepared)
        if case["config"]:
            config = ComputeKernelConfig(**case["config"])
            options["compute_config"] = self._words.kernel(config)
        batch, length, channels = operands["x"].shape
        outputs, _, taps = operands["w"].shape
        return ttnn.conv1d(
            input_tensor=tensors["x"],
            weight_tensor=tensors["w"],
            bias_tensor=tensors.get("bias"),
            device=self._device.handle,
            in_channels=channels,
            out_channels=outputs,
            batch_size=batch,
            input_length=length,
            kernel_size=taps,
            **options,
        )

    def _option(self, key: str, value: Any) -> Any:
        ttnn = self._ttnn
        if key in ("dtype", "weights_dtype"):
            return self._words.dtype(value)
        if key == "shard_layout":
            return getattr(ttnn.TensorMemoryLayout, value)
        return getattr(getattr(ttnn, _ENUMS[key]), value) if key in _ENUMS else value

    def _tensor(self, x: torch.Tensor, dtype: str, device: Any = ..., tiled: bool = True) -> Any:
        ttnn = self._ttnn
        return ttnn.from_torch(
            x,
            dtype=self._words.dtype(dtype),
            layout=ttnn.TILE_LAYOUT if tiled or dtype.endswith("_b") else ttnn.ROW_MAJOR_LAYOUT,
            device=self._device.handle if device is ... else device,
        )
