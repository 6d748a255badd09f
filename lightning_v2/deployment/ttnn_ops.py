"""ttnn's operations as a lowering calls them: the names and arguments of `lightning_v2.tensix`.

Here, and nowhere else, words of a plan become objects of ttnn. Activations lie in L1: sharded by
height where rows of tiles are enough to keep each core its own, interleaved otherwise, and where
an operation takes nothing else (norms, attention, moves). Constants lie in DRAM.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lightning_v2.deployment.programs import Grid, Product, Program, choices, row_grid, subblock
from lightning_v2.deployment.target import Device
from lightning_v2.tensix.configuration import ComputeKernelConfig, MatmulProgramConfig
from lightning_v2.tensix.convolution import Conv2dConfig
from lightning_v2.tensix.formats import TILE

DeviceTensor = Any

UNARY = ("cos", "exp", "gelu", "sin", "clamp")


@dataclass(frozen=True)
class Choice:
    """A program that ran, for the report."""

    product: Product
    program: Program
    others: tuple[Program, ...]


@dataclass(frozen=True)
class Taps:
    """Weights of a depthwise convolution.

    prepared: as ttnn's kernel wants them. shape: (O, 1, k), as they were before.
    """

    prepared: DeviceTensor
    shape: tuple[int, ...]


class TtnnOps:
    """Operations on one device.

    Attributes:
        device: where they run.
        choices: of every kind of matmul that ran.
    """

    ComputeKernelConfig = ComputeKernelConfig
    MatmulProgramConfig = MatmulProgramConfig
    Conv2dConfig = Conv2dConfig

    def __init__(self, device: Device):
        import ttnn

        self.device, self._ttnn, self._handle = device, ttnn, device.handle
        self.choices: dict[Product, Choice] = {}
        for name in UNARY:
            setattr(self, name, self._unary(getattr(ttnn, name)))
        for name in ("add", "subtract", "multiply"):
            setattr(self, name, self._binary(getattr(ttnn, name)))

    def pack(self, x: torch.Tensor, dtype: str) -> DeviceTensor:
        """A tensor packed by the host, still on the host."""
        ttnn = self._ttnn
        if dtype == "uint32":
            return ttnn.from_torch(x.to(torch.int32), ttnn.uint32, layout=ttnn.ROW_MAJOR_LAYOUT)
        if x.dim() == 1:
            x = x[None]
        return ttnn.from_torch(x.contiguous(), self._dtype(dtype), layout=ttnn.TILE_LAYOUT)

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

    def dump(self, path: Path, packed: DeviceTensor) -> None:
        """Write a packed tensor to a file."""
        self._ttnn.dump_tensor(str(path), packed)

    def load(self, path: Path) -> DeviceTensor:
        """A packed tensor from a file."""
        return self._ttnn.load_tensor(str(path))

    def from_torch(self, x: torch.Tensor, dtype: str) -> DeviceTensor:
        """A tensor packed by the host and sent to the device."""
        return self.keep(self.pack(x, dtype))

    def keep(self, packed: DeviceTensor) -> DeviceTensor:
        """A packed tensor in the DRAM of the device."""
        return self._ttnn.to_device(packed, self._handle, self._ttnn.DRAM_MEMORY_CONFIG)

    def settle(self, x: DeviceTensor) -> DeviceTensor:
        """A result in the DRAM of the device, out of the way of what runs next."""
        return self._ttnn.to_memory_config(x, self._ttnn.DRAM_MEMORY_CONFIG)

    def to_torch(self, x: DeviceTensor) -> torch.Tensor:
        """float32 values on the host."""
        return self._ttnn.to_torch(x).float()

    def typecast(self, x: DeviceTensor, dtype: str) -> DeviceTensor:
        if x.dtype == self._dtype(dtype):
            return x
        x = self._tiled(x)
        return self._ttnn.typecast(x, self._dtype(dtype), memory_config=self._beside(x))

    def linear(
        self,
        a: DeviceTensor,
        b: DeviceTensor,
        *,
        bias: DeviceTensor | None,
        dtype: str,
        compute_kernel_config: ComputeKernelConfig,
        program_config: MatmulProgramConfig,
    ) -> DeviceTensor:
        ttnn, config = self._ttnn, compute_kernel_config
        a = self._tiled(a)
        if len(b.shape) > 2:
            return self._batched(a, b, dtype, config, program_config)
        product = Product(
            m=math.prod(tuple(a.shape)[:-1]) // TILE,
            k=_tiles(a.shape[-1]),
            n=_tiles(b.shape[-1]),
            in0=_name(a.dtype),
            in1=_name(b.dtype),
            output=dtype,
            math_fidelity=config.math_fidelity,
            width=program_config.in0_block_w,
            wide=config.fp32_dest_acc_en,
            resident=a.is_sharded(),
        )
        program, *others = choices(product, self.device.grid)
        self.choices[product] = Choice(product, program, tuple(others))
        by_rows = program.kind == "rows"
        whole = b.shape[-1] % TILE == 0
        return ttnn.linear(
            self._sharded(a) if by_rows else self._interleaved(a),
            b,
            bias=bias,
            dtype=self._dtype(dtype),
            memory_config=self._by_height(product.m, product.n)
            if by_rows and whole
            else ttnn.L1_MEMORY_CONFIG,
            compute_kernel_config=self._kernel(config),
            program_config=self._program(product, program),
        )

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
            raise ValueError("only depthwise convolutions without bias are deployed")
        y, _ = self._convolve(
            input_tensor,
            weight_tensor.prepared,
            weight_tensor.shape[2],
            padding,
            dtype,
            conv_config,
            compute_config,
        )
        return self._ttnn.reshape(self._interleaved(y), (batch, length, channels))

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
            input_tensor=ttnn.reshape(self._sharded(x), (1, 1, batch * length, channels)),
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
            dtype=self._dtype(dtype),
            conv_config=ttnn.Conv1dConfig(
                weights_dtype=self._dtype(conv_config.weights_dtype),
                shard_layout=ttnn.TensorMemoryLayout.HEIGHT_SHARDED,
            ),
            compute_config=self._kernel(compute_config),
            return_weights_and_bias=True,
        )

    def layer_norm(
        self,
        x: DeviceTensor,
        *,
        epsilon: float,
        weight: DeviceTensor,
        bias: DeviceTensor,
        compute_kernel_config: ComputeKernelConfig,
    ) -> DeviceTensor:
        return self._ttnn.layer_norm(
            self._interleaved(x),
            weight=weight,
            bias=bias,
            epsilon=epsilon,
            compute_kernel_config=self._kernel(compute_kernel_config),
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
        )

    def softmax(
        self, x: DeviceTensor, dim: int, *, compute_kernel_config: ComputeKernelConfig
    ) -> DeviceTensor:
        return self._ttnn.softmax(
            self._interleaved(x),
            dim=dim,
            compute_kernel_config=self._kernel(compute_kernel_config),
            numeric_stable=True,
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
        )

    def embedding(self, indices: DeviceTensor, weight: DeviceTensor) -> DeviceTensor:
        """Rows of a table. ttnn's own knows bfloat16 alone: float32 goes in three parts of 8 bits,
        whose sums are exact."""
        ttnn = self._ttnn
        if weight.dtype == ttnn.bfloat16:
            return self._rows(indices, weight)
        total, rest = None, weight
        for _ in range(3):
            part = self.typecast(rest, "bfloat16")
            rest = self.subtract(rest, self.typecast(part, "float32"))
            rows = self.typecast(self._rows(indices, part), "float32")
            total = rows if total is None else self.add(total, rows)
        return total

    def split_query_key_value_and_split_heads(
        self, x: DeviceTensor, *, num_heads: int, transpose_key: bool
    ) -> tuple[DeviceTensor, DeviceTensor, DeviceTensor]:
        return self._ttnn.transformer.split_query_key_value_and_split_heads(
            self._interleaved(x),
            num_heads=num_heads,
            transpose_key=transpose_key,
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
        )

    def concatenate_heads(self, x: DeviceTensor) -> DeviceTensor:
        return self._ttnn.transformer.concatenate_heads(
            x, memory_config=self._ttnn.L1_MEMORY_CONFIG
        )

    def reshape(self, x: DeviceTensor, shape: Sequence[int]) -> DeviceTensor:
        return self._ttnn.reshape(self._interleaved(x), tuple(shape))

    def slice(self, x: DeviceTensor, start: Sequence[int], end: Sequence[int]) -> DeviceTensor:
        return self._ttnn.slice(
            self._interleaved(x), list(start), list(end), memory_config=self._ttnn.L1_MEMORY_CONFIG
        )

    def concat(self, tensors: Sequence[DeviceTensor], dim: int) -> DeviceTensor:
        return self._ttnn.concat(
            [self._interleaved(self._tiled(x)) for x in tensors],
            dim,
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
        )

    def pad(self, x: DeviceTensor, padding: Sequence[tuple[int, int]]) -> DeviceTensor:
        return self._ttnn.pad(self._interleaved(x), list(padding), 0.0)

    def _unary(self, function: Callable) -> Callable:
        def run(x: DeviceTensor, **parameters: float) -> DeviceTensor:
            x = self._tiled(x)
            return function(x, **parameters, memory_config=self._beside(x))

        return run

    def _binary(self, function: Callable) -> Callable:
        def run(a: DeviceTensor, b: DeviceTensor) -> DeviceTensor:
            a, b = self._tiled(a), self._tiled(b)
            if tuple(a.shape) == tuple(b.shape) and a.is_sharded() != b.is_sharded():
                a, b = self._sharded(a), self._sharded(b)
            return function(a, b, memory_config=self._beside(a))

        return run

    def _batched(
        self,
        a: DeviceTensor,
        b: DeviceTensor,
        dtype: str,
        config: ComputeKernelConfig,
        program: MatmulProgramConfig,
    ) -> DeviceTensor:
        """a (..., M, K) @ b (..., K, N): each core has rows of one product by itself."""
        ttnn = self._ttnn
        columns = _tiles(b.shape[-1])
        return ttnn.matmul(
            a,
            b,
            dtype=self._dtype(dtype),
            memory_config=ttnn.L1_MEMORY_CONFIG,
            compute_kernel_config=self._kernel(config),
            program_config=ttnn.MatmulMultiCoreReuseProgramConfig(
                compute_with_storage_grid_size=self.device.grid,
                in0_block_w=program.in0_block_w,
                out_subblock_h=1,
                out_subblock_w=subblock(columns, config.fp32_dest_acc_en),
                per_core_M=1,
                per_core_N=columns,
            ),
        )

    def _program(self, product: Product, program: Program) -> Any:
        ttnn = self._ttnn
        common = {
            "compute_with_storage_grid_size": program.grid,
            "in0_block_w": product.width,
            "out_subblock_h": 1,
            "out_subblock_w": subblock(program.per_core_n, product.wide),
            "per_core_M": program.per_core_m,
            "per_core_N": program.per_core_n,
            "fused_activation": None,
            "fuse_batch": True,
        }
        if program.kind == "blocks":
            return ttnn.MatmulMultiCoreReuseMultiCastProgramConfig(transpose_mcast=False, **common)
        by_columns = program.kind == "columns"
        return ttnn.MatmulMultiCoreReuseMultiCast1DProgramConfig(mcast_in0=by_columns, **common)

    def _kernel(self, config: ComputeKernelConfig) -> Any:
        ttnn = self._ttnn
        return ttnn.init_device_compute_kernel_config(
            self._handle.arch(),
            math_fidelity=getattr(ttnn.MathFidelity, config.math_fidelity),
            math_approx_mode=config.math_approx_mode,
            fp32_dest_acc_en=config.fp32_dest_acc_en,
            packer_l1_acc=config.packer_l1_acc,
        )

    def _dtype(self, name: str) -> Any:
        return getattr(self._ttnn, name)

    def _rows(self, indices: DeviceTensor, weight: DeviceTensor) -> DeviceTensor:
        ttnn = self._ttnn
        rows = ttnn.to_layout(
            self._interleaved(weight), ttnn.ROW_MAJOR_LAYOUT, memory_config=ttnn.L1_MEMORY_CONFIG
        )
        return ttnn.embedding(indices, rows, memory_config=ttnn.L1_MEMORY_CONFIG)

    def _tiled(self, x: DeviceTensor) -> DeviceTensor:
        return self._ttnn.to_layout(x, self._ttnn.TILE_LAYOUT)

    def _beside(self, x: DeviceTensor) -> Any:
        """Where the result of an operation on x goes: into L1, cut as x is."""
        return x.memory_config() if x.is_sharded() else self._ttnn.L1_MEMORY_CONFIG

    def _interleaved(self, x: DeviceTensor) -> DeviceTensor:
        if not x.is_sharded():
            return x
        return self._ttnn.to_memory_config(x, self._ttnn.L1_MEMORY_CONFIG)

    def _sharded(self, x: DeviceTensor) -> DeviceTensor:
        wanted = self._by_height(math.prod(tuple(x.shape)[:-1]) // TILE, _tiles(x.shape[-1]))
        if x.is_sharded() and x.memory_config() == wanted:
            return x
        return self._ttnn.to_memory_config(x, wanted)

    def _by_height(self, rows: int, columns: int) -> Any:
        """Memory of a tensor of so many tiles, each core of a rectangle with its own rows."""
        ttnn = self._ttnn
        x, y = self._row_grid(rows)
        cores = ttnn.CoreRangeSet(
            {ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(x - 1, y - 1))}
        )
        shape = (rows // (x * y) * TILE, columns * TILE)
        spec = ttnn.ShardSpec(cores, shape, ttnn.ShardOrientation.ROW_MAJOR)
        layout = ttnn.TensorMemoryLayout.HEIGHT_SHARDED
        return ttnn.MemoryConfig(layout, ttnn.BufferType.L1, spec)

    def _row_grid(self, rows: int) -> Grid:
        return row_grid(rows, self.device.grid)


def _tiles(length: int) -> int:
    return -(-length // TILE)


def _name(dtype: Any) -> str:
    return dtype.name.lower()
