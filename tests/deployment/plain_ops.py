"""ttnn's names on torch tensors in float32: no format loses anything, so that a lowering that runs
on this must compute what the network computes."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

float32 = bfloat16 = bfloat8_b = bfloat4_b = "float32"


@dataclass
class ComputeKernelConfig:
    math_fidelity: str
    math_approx_mode: bool
    fp32_dest_acc_en: bool
    packer_l1_acc: bool


@dataclass
class MatmulProgramConfig:
    in0_block_w: int
    fused_activation: str | None = None
    fast_and_approximate_mode: bool = False


@dataclass
class Conv2dConfig:
    weights_dtype: str


def from_torch(x, dtype):
    return x


def to_torch(x):
    return x


def typecast(x, dtype):
    return x


def linear(a, b, *, bias=None, dtype, compute_kernel_config, program_config, transpose_b=False):
    y = torch.matmul(a, b.mT if transpose_b else b)
    y = y if bias is None else y + bias
    function = None if program_config is None else program_config.fused_activation
    return y if function is None else getattr(F, function)(y)


def conv1d(
    *,
    input_tensor,
    weight_tensor,
    bias_tensor,
    dtype,
    padding,
    groups,
    conv_config,
    compute_config,
):
    x = input_tensor.transpose(1, 2)
    y = F.conv1d(x, weight_tensor, bias_tensor, padding=padding, groups=groups)
    return y.transpose(1, 2)


def layer_norm(x, *, epsilon, weight, bias, residual_input_tensor=None, compute_kernel_config):
    x = x if residual_input_tensor is None else x + residual_input_tensor
    return F.layer_norm(x, x.shape[-1:], weight, bias, epsilon)


def scale_mask_softmax(x, *, mask, compute_kernel_config):
    return torch.softmax(x + mask, -1)


def softmax(x, dim, *, compute_kernel_config):
    return torch.softmax(x, dim)


def gelu(x):
    return F.gelu(x)


def clamp(x, *, min=None, max=None):
    return x.clamp(min, max)


def slice(x, start, end):
    for axis, (a, b) in enumerate(zip(start, end, strict=True)):
        x = x.narrow(axis, a, b - a)
    return x


def embedding(indices, weight, layout=None):
    return F.embedding(indices, weight)


def pad(x, padding):
    return F.pad(x, [n for pair in reversed(padding) for n in pair])


def split_query_key_value_and_split_heads(x, *, num_heads, transpose_key):
    query, key, value = x.unflatten(-1, (3, num_heads, -1)).permute(2, 0, 3, 1, 4)
    return query, key.transpose(2, 3), value


def concatenate_heads(x):
    return x.transpose(1, 2).flatten(2)


exp, sin, cos, log = torch.exp, torch.sin, torch.cos, torch.log
tanh, sigmoid, relu = torch.tanh, torch.sigmoid, torch.relu
addcmul = torch.addcmul
add, subtract, multiply, divide = torch.add, torch.subtract, torch.multiply, torch.divide
concat, reshape, permute = torch.cat, torch.reshape, torch.permute
