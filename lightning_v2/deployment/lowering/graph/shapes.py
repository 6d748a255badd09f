"""ttnn's names on tensors that have a shape and no values: what a part of a graph will ask for."""

import torch
from torch import Tensor

from lightning_v2.deployment.lowering.constant import Constant
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, MatmulProgramConfig
from lightning_v2.tensix.ops.convolution import Conv2dConfig
from lightning_v2.tensix.ops.elementwise import BINARY
from lightning_v2.tensix.ops.unary import UNARY

META = torch.device("meta")


class ShapeOps:
    """The operations that lowerings call, on torch's meta tensors."""

    ComputeKernelConfig = ComputeKernelConfig
    MatmulProgramConfig = MatmulProgramConfig
    Conv2dConfig = Conv2dConfig

    def __init__(self):
        self.__name__ = "shapes"
        for row in UNARY.values():
            setattr(self, row.name, _first)
        for name in BINARY:
            setattr(self, name, torch.add)

    def from_torch(self, x: Tensor, dtype: str) -> Tensor:
        return torch.empty(x.shape, device=META)

    def typecast(self, x: Tensor, dtype: str) -> Tensor:
        return x

    def linear(self, a: Tensor, b: Tensor, **options: object) -> Tensor:
        return torch.matmul(a, b)

    def conv1d(self, *, input_tensor: Tensor, **options: object) -> Tensor:
        return input_tensor

    def layer_norm(self, x: Tensor, **options: object) -> Tensor:
        return x

    def softmax(self, x: Tensor, dim: int, **options: object) -> Tensor:
        return x

    def embedding(self, indices: Tensor, weight: Tensor) -> Tensor:
        return torch.empty(*indices.shape, weight.shape[-1], device=META)

    def reshape(self, x: Tensor, shape: list[int]) -> Tensor:
        return x.reshape(tuple(shape))

    def permute(self, x: Tensor, dims: list[int]) -> Tensor:
        return x.permute(*dims)

    def concatenate_heads(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).flatten(2)

    def slice(self, x: Tensor, start: list[int], end: list[int]) -> Tensor:
        for axis, (first, last) in enumerate(zip(start, end, strict=True)):
            x = x.narrow(axis, first, last - first)
        return x

    def concat(self, tensors: list[Tensor], dim: int) -> Tensor:
        return torch.cat(tensors, dim)

    def pad(self, x: Tensor, padding: list[tuple[int, int]]) -> Tensor:
        return torch.nn.functional.pad(x, [n for pair in reversed(padding) for n in pair])


def shape_store(constant: Constant) -> Tensor:
    """The shape of a constant on the device."""
    return constant.arrange(constant.owner.detach().to(META))


def _first(x: Tensor, *rest: object, **options: object) -> Tensor:
    return x
