"""ttnn's operations as a lowering calls them: the names and arguments of `lightning_v2.tensix`.

Words of a plan become objects of ttnn in `ttnn_objects`; where tensors lie says `placement`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lightning_v2.deployment.device.attention_ops import AttentionOps
from lightning_v2.deployment.device.convolution_ops import ConvolutionOps
from lightning_v2.deployment.device.placement import Placement
from lightning_v2.deployment.device.programs import Product, Program, choices
from lightning_v2.deployment.device.target import Device
from lightning_v2.deployment.device.ttnn_objects import Functions, Words
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, MatmulProgramConfig
from lightning_v2.tensix.numbers.formats import TILE
from lightning_v2.tensix.ops.convolution import Conv2dConfig
from lightning_v2.tensix.ops.elementwise import BINARY
from lightning_v2.tensix.ops.unary import UNARY

DeviceTensor = Any


@dataclass(frozen=True)
class Choice:
    """A program that ran, for the report."""

    product: Product
    program: Program
    others: tuple[Program, ...]


class TtnnOps(AttentionOps, ConvolutionOps):
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
        self._words, self._placement = Words(device), Placement(device)
        self.choices: dict[Product, Choice] = {}
        for row in UNARY.values():
            if not row.is_variant:
                setattr(self, row.name, self._unary(getattr(ttnn, row.name)))
        for name in BINARY:
            setattr(self, name, self._binary(getattr(ttnn, name)))

    def is_bfloat16(self, *tensors: DeviceTensor) -> bool:
        """Whether all are."""
        return all(x.dtype == self._ttnn.bfloat16 for x in tensors)

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Context in which products, sums and norms go where `settle` would bring them."""
        self._placement.leaving = True
        try:
            yield
        finally:
            self._placement.leaving = False

    @contextmanager
    def convolving(self) -> Iterator[None]:
        """Context in which rows that are looked up, and sums with a product, go where a convolution
        takes them."""
        self._placement.convolving = True
        try:
            yield
        finally:
            self._placement.convolving = False

    def typecast(self, x: DeviceTensor, dtype: str) -> DeviceTensor:
        if x.dtype == self._words.dtype(dtype):
            return x
        x = self._placement.tiled(x)
        return self._ttnn.typecast(
            x, self._words.dtype(dtype), memory_config=self._placement.beside(x)
        )

    def linear(
        self,
        a: DeviceTensor,
        b: DeviceTensor,
        *,
        bias: DeviceTensor | None,
        dtype: str,
        compute_kernel_config: ComputeKernelConfig,
        program_config: MatmulProgramConfig,
        transpose_b: bool = False,
    ) -> DeviceTensor:
        ttnn, config = self._ttnn, compute_kernel_config
        a, columns = self._placement.tiled(a), b.shape[-2 if transpose_b else -1]
        if len(b.shape) > 2:
            return self._batched(a, b, dtype, config, program_config)
        product = Product(
            m=math.prod(tuple(a.shape)[:-2]) * _tiles(a.shape[-2]),
            k=_tiles(a.shape[-1]),
            n=_tiles(columns),
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
        whole = columns % TILE == 0
        return ttnn.linear(
            self._placement.sharded(a) if by_rows else self._placement.interleaved(a),
            b,
            bias=bias,
            transpose_b=transpose_b,
            dtype=self._words.dtype(dtype),
            memory_config=self._placement.by_height(product.m, product.n)
            if by_rows and whole and not self._placement.leaving
            else self._placement.spread,
            compute_kernel_config=self._words.kernel(config),
            program_config=self._words.program(product, program, program_config),
        )

    def layer_norm(
        self,
        x: DeviceTensor,
        *,
        epsilon: float,
        weight: DeviceTensor | None,
        bias: DeviceTensor | None,
        residual_input_tensor: DeviceTensor | None = None,
        compute_kernel_config: ComputeKernelConfig,
    ) -> DeviceTensor:
        other = residual_input_tensor
        return self._ttnn.layer_norm(
            self._placement.interleaved(x),
            weight=weight,
            bias=bias,
            residual_input_tensor=None if other is None else self._placement.interleaved(other),
            epsilon=epsilon,
            compute_kernel_config=self._words.kernel(compute_kernel_config),
            memory_config=self._placement.spread,
        )

    def embedding(
        self, indices: DeviceTensor, weight: DeviceTensor, *, layout: str = "ROW_MAJOR"
    ) -> DeviceTensor:
        """Rows of a table. ttnn's own knows bfloat16 alone: float32 goes in three parts of 8 bits,
        whose sums are exact, in tiles."""
        ttnn = self._ttnn
        if weight.dtype == ttnn.bfloat16:
            return self._rows(indices, weight, layout)
        total, rest = None, weight
        for _ in range(3):
            part = self.typecast(rest, "bfloat16")
            rest = self.subtract(rest, self.typecast(part, "float32"))
            rows = self.typecast(self._rows(indices, part, "TILE"), "float32")
            total = rows if total is None else self.add(total, rows)
        return total

    def untiled(self, x: DeviceTensor) -> DeviceTensor:
        """x in rows, if it is a table of `embedding` that is looked up as it is."""
        ttnn = self._ttnn
        if x.dtype != ttnn.bfloat16:
            return x
        return ttnn.to_layout(x, ttnn.ROW_MAJOR_LAYOUT, memory_config=self._placement.spread)

    def permute(self, x: DeviceTensor, dims: Sequence[int]) -> DeviceTensor:
        x = self._placement.interleaved(self._placement.tiled(x))
        return self._ttnn.permute(x, tuple(dims), memory_config=self._ttnn.L1_MEMORY_CONFIG)

    def reshape(self, x: DeviceTensor, shape: Sequence[int]) -> DeviceTensor:
        return self._ttnn.reshape(self._placement.interleaved(x), tuple(shape))

    def slice(self, x: DeviceTensor, start: Sequence[int], end: Sequence[int]) -> DeviceTensor:
        return self._ttnn.slice(
            self._placement.interleaved(x),
            list(start),
            list(end),
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
        )

    def concat(self, tensors: Sequence[DeviceTensor], dim: int) -> DeviceTensor:
        return self._ttnn.concat(
            [self._placement.interleaved(self._placement.tiled(x)) for x in tensors],
            dim,
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
        )

    def pad(self, x: DeviceTensor, padding: Sequence[tuple[int, int]]) -> DeviceTensor:
        return self._ttnn.pad(self._placement.interleaved(x), list(padding), 0.0)

    def addcmul(
        self, a: DeviceTensor, b: DeviceTensor, c: DeviceTensor, *, value: float = 1.0
    ) -> DeviceTensor:
        a, b, c = (self._placement.tiled(x) for x in (a, b, c))
        memory = self._placement.beside(a)
        if self._placement.convolving:
            memory = self._placement.before_convolution(a)
        return self._ttnn.addcmul(a, b, c, value=value, memory_config=memory)

    def _unary(self, function: Callable) -> Callable:
        def run(x: DeviceTensor, *required: float, **parameters: float | str) -> DeviceTensor:
            x = self._placement.tiled(x)
            if "variant" in parameters:
                parameters["variant"] = getattr(self._ttnn.GeluVariant, parameters["variant"])
            return function(x, *required, **parameters, memory_config=self._placement.beside(x))

        return run

    def _binary(self, function: Callable) -> Callable:
        def run(
            a: DeviceTensor, b: DeviceTensor | float, before: tuple[Functions, Functions] = ((), ())
        ) -> DeviceTensor:
            """before: functions of a and of b that run in the same program."""
            a, options = self._placement.tiled(a), self._words.activations(*before)
            if isinstance(b, int | float):
                return function(a, b, memory_config=self._placement.beside(a), **options)
            b = self._placement.tiled(b)
            return function(a, b, memory_config=self._placement.after(a, b), **options)

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
        return self._ttnn.matmul(
            a,
            b,
            dtype=self._words.dtype(dtype),
            memory_config=self._ttnn.L1_MEMORY_CONFIG,
            compute_kernel_config=self._words.kernel(config),
            program_config=self._words.batched_program(
                program.in0_block_w, _tiles(b.shape[-1]), config.fp32_dest_acc_en
            ),
        )

    def _rows(self, indices: DeviceTensor, weight: DeviceTensor, layout: str) -> DeviceTensor:
        ttnn = self._ttnn
        rows = ttnn.to_layout(
            self._placement.interleaved(weight),
            ttnn.ROW_MAJOR_LAYOUT,
            memory_config=ttnn.L1_MEMORY_CONFIG,
        )
        memory, layout = ttnn.L1_MEMORY_CONFIG, getattr(ttnn, f"{layout}_LAYOUT")
        if self._placement.convolving:
            count = math.prod(tuple(indices.shape))
            memory = self._placement.by_height(count // TILE, _tiles(weight.shape[-1]))
        return ttnn.embedding(indices, rows, layout=layout, memory_config=memory)


def _tiles(length: int) -> int:
    return -(-length // TILE)


def _name(dtype: Any) -> str:
    return dtype.name.lower()
