"""One pass over memory has the bits of torch's float32 and the packer after it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lightning_v2.tensix.fast import approximations, elementwise
from lightning_v2.tensix.numbers.formats import pack_device, pack_host, truncate
from lightning_v2.tensix.ops.unary import UNARY

CORNERS = torch.tensor(
    [0.0, -0.0, torch.inf, -torch.inf, torch.nan, 1e-39, -1e-39, 3.4e38, -3.4e38, 1.00390625, 2, -3]
)


def any_patterns(seed):
    patterns = np.random.default_rng(seed).integers(0, 2**32, 5000, dtype=np.uint32)
    return torch.from_numpy(patterns.view(np.float32))


def operands():
    torch.manual_seed(0)
    a = torch.cat([torch.randn(5000), CORNERS.repeat_interleave(len(CORNERS)), any_patterns(1)])
    b = torch.cat([torch.randn(5000), CORNERS.repeat(len(CORNERS)), any_patterns(2)])
    both = a.isnan() & b.isnan()  # which of the two NaN stays is not said
    return a[~both], b[~both]


def same(x, y):
    return torch.equal(x.view(torch.int32), y.view(torch.int32))


def cut(x):
    return pack_device(truncate(x, 0xFFFF0000), "bfloat16")


@pytest.mark.parametrize(
    ("loop", "by_torch"),
    [
        ("sums", lambda a, b: pack_device(a + b, "bfloat16")),
        ("differences", lambda a, b: pack_device(a - b, "bfloat16")),
        ("products", lambda a, b: pack_device(pack_host(a * b, "bfloat16"), "bfloat16")),
    ],
)
def test_two_operands(loop, by_torch):
    a, b = operands()
    assert same(elementwise.stored(loop, a, b), by_torch(a, b))


def test_leaky_relu():
    x = operands()[0]
    assert same(elementwise.stored("leaky", x, np.float32(0.1)), cut(F.leaky_relu(x, 0.1)))


@pytest.mark.parametrize("name", ["gelu", "tanh", "sigmoid"])
def test_linear_pieces(name):
    x = operands()[0]
    x = x[~x.isnan()]
    assert same(approximations.stored(name, x), cut(UNARY[name].approximate(x)))


def test_layouts_are_kept_and_gaps_refused():
    x = torch.randn(2, 3, 8).transpose(1, 2)
    y = elementwise.stored("sums", x, x)
    assert y.stride() == x.stride() and torch.equal(y, pack_device(x + x, "bfloat16"))
    assert elementwise.stored("sums", x, x.contiguous()) is None
    assert elementwise.stored("sums", x[..., ::2], x[..., ::2]) is None


def test_gradients_take_another_road():
    x = torch.randn(4, requires_grad=True)
    assert elementwise.stored("sums", x, x) is None
    with torch.no_grad():
        assert elementwise.stored("sums", x, x) is not None
