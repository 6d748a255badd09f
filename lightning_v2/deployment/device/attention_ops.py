"""Attention with ttnn: the part of `TtnnOps` that is about scores and heads."""

from typing import Any

from lightning_v2.deployment.device.placement import Placement
from lightning_v2.deployment.device.ttnn_objects import Words
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig

DeviceTensor = Any


class AttentionOps:
    """Operations on scores and heads, whose results lie in L1."""

    _ttnn: Any
    _words: Words
    _placement: Placement

    def softmax(
        self, x: DeviceTensor, dim: int, *, compute_kernel_config: ComputeKernelConfig
    ) -> DeviceTensor:
        return self._ttnn.softmax(
            self._placement.interleaved(x),
            dim=dim,
            compute_kernel_config=self._words.kernel(compute_kernel_config),
            numeric_stable=True,
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
        )

    def scale_mask_softmax(
        self, x: DeviceTensor, *, mask: DeviceTensor, compute_kernel_config: ComputeKernelConfig
    ) -> DeviceTensor:
        return self._ttnn.scale_mask_softmax(
            self._placement.interleaved(x),
            mask=mask,
            compute_kernel_config=self._words.kernel(compute_kernel_config),
            numeric_stable=True,
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
        )

    def split_query_key_value_and_split_heads(
        self, x: DeviceTensor, *, num_heads: int, transpose_key: bool
    ) -> tuple[DeviceTensor, DeviceTensor, DeviceTensor]:
        return self._ttnn.transformer.split_query_key_value_and_split_heads(
            self._placement.interleaved(x),
            num_heads=num_heads,
            transpose_key=transpose_key,
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
        )

    def concatenate_heads(self, x: DeviceTensor) -> DeviceTensor:
        return self._ttnn.transformer.concatenate_heads(
            x, memory_config=self._ttnn.L1_MEMORY_CONFIG
        )
