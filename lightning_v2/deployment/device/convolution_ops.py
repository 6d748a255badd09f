"""Depthwise convolutions with ttnn: the part of `TtnnOps` that is about them and their weights."""

from dataclasses import dataclass
from typing import Any

import torch

from lightning_v2.deployment.device.placement import Placement
from lightning_v2.deployment.device.transfer_ops import TransferOps
from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig
from lightning_v2.tensix.numbers.formats import TILE
from lightning_v2.tensix.ops.convolution import Conv2dConfig

DeviceTensor = Any


@dataclass(frozen=True)
class Taps:
    """Weights of a depthwise convolution.

    Attributes:
        prepared: as ttnn's kernel wants them.
        shape: (O, 1, k), as they were before.
    """

    prepared: DeviceTensor
    shape: tuple[int, ...]


class ConvolutionOps(TransferOps):
    """Convolutions of each channel by itself, without bias."""

    _placement: Placement

    def pack_taps(self, weight: torch.Tensor, dtype: str) -> DeviceTensor:
        """Weights (C, 1, k) of a depthwise convolution as its kernel wants them, on the host.

        They depend on neither the length nor the batch, so that one sentence of a tile will do.
        """
        ttnn = self._ttnn
        channels, _, kernel = weight.shape
        _, (prepared, _) = self._convolve(
            self.from_torch(torch.zeros(1, TILE, channels), "bfloat16"),
            ttnn.from_torch(weight.contiguous(), ttnn.float32),
            kernel,
            kernel // 2,
            "bfloat16",
            Conv2dConfig(dtype),
            ComputeKernelConfig(),
        )
        return ttnn.from_device(prepared)

    def conv1d(
        self,
        *,
        input_tensor: DeviceTensor,
        weight_tensor: Taps,
        bias_tensor: DeviceTensor | None,
        dtype: str,
        padding: int,
        groups: int,
        conv_config: Conv2dConfig,
        compute_config: ComputeKernelConfig,
    ) -> DeviceTensor:
        batch, length, channels = input_tensor.shape
        if bias_tensor is not None or groups != channels:
            raise ArgumentError("only depthwise convolutions without bias are deployed")
        y, _ = self._convolve(
            input_tensor,
            weight_tensor.prepared,
            weight_tensor.shape[2],
            padding,
            dtype,
            conv_config,
            compute_config,
        )
        return self._ttnn.reshape(y, (batch, length, channels))

    def _convolve(
        self,
        x: DeviceTensor,
        weight: DeviceTensor,
        kernel: int,
        padding: int,
        dtype: str,
        conv_config: Conv2dConfig,
        compute_config: ComputeKernelConfig,
    ) -> tuple[DeviceTensor, tuple[DeviceTensor, None]]:
        """Depthwise convolution of x (B, L, C) as (1, 1, B * L, C), and the prepared weights."""
        ttnn = self._ttnn
        batch, length, channels = x.shape
        return ttnn.conv1d(
            input_tensor=ttnn.reshape(self._placement.sharded(x), (1, 1, batch * length, channels)),
            weight_tensor=weight,
            device=self._handle,
            in_channels=channels,
            out_channels=channels,
            batch_size=batch,
            input_length=length,
            kernel_size=kernel,
            stride=1,
            padding=padding,
            groups=channels,
            dtype=self._words.dtype(dtype),
            conv_config=ttnn.Conv1dConfig(
                weights_dtype=self._words.dtype(conv_config.weights_dtype),
                shard_layout=ttnn.TensorMemoryLayout.HEIGHT_SHARDED,
            ),
            compute_config=self._words.kernel(compute_config),
            return_weights_and_bias=True,
        )
