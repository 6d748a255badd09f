"""`tensix.cumsum`: against sums in double precision, and what it takes."""

import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.errors import ArgumentError
from lightning_v2.tensix import OPERATIONS, Tensor
from lightning_v2.tensix.numbers import formats
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision


def drawn(*shape, dtype="bfloat16"):
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    return tensix.from_torch(values, dtype)


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("tier", tensix.TIERS)
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_the_sum_is_carried_in_float32(tier, arch, dim):
    x = drawn(3, 40, 50)
    with tensix.use(tier, arch):
        found = tensix.cumsum(x, dim)
    exact = torch.cumsum(x.values.double(), dim).float()
    different = found.values != formats.pack_device(exact, "bfloat16")
    assert found.dtype == "bfloat16" and different.float().mean() < 1e-3


def test_ones_do_not_get_lost():
    ones = tensix.from_torch(torch.ones(1, 400), "bfloat16")
    with tensix.use("exact"):
        assert tensix.cumsum(ones, 1).values[0, 399] == 400


def test_float32_does_not_drift():
    """The same small number 65,536 times: uncompensated sums are off by hundreds of units."""
    x = tensix.from_torch(torch.full((1, 65536), 0.1), "float32")
    with tensix.use("exact"):
        found = tensix.cumsum(x, -1).values[0].double()
    exact = torch.cumsum(x.values[0].double(), 0)
    plain = torch.tensor(0.0)
    for _ in range(65536):
        plain = plain + x.values[0, 0]
    assert ((found - exact) / exact).abs().max() < 2**-23
    assert abs(plain.double() - exact[-1]) / exact[-1] > 2**-16


def test_infinity_stays():
    x = torch.ones(1, 5)
    x[0, 2] = torch.inf
    with tensix.use("exact"):
        found = tensix.cumsum(Tensor(x, "float32"), 1).values[0]
    assert found.tolist() == [1, 2, torch.inf, torch.inf, torch.inf]


@pytest.mark.parametrize("tier", tensix.TIERS)
def test_block_floats_are_summed_as_bfloat16(tier):
    x = drawn(4, 64).values
    site = SitePrecision(activations="bfloat8_b", output="bfloat8_b")
    with tensix.use(tier):
        found, exact = OPERATIONS["cumsum"].run(site, Constants(torch.nn.Module()), (x, 1), {})
        stored = tensix.typecast(tensix.from_torch(x, "float32"), "bfloat8_b")
        sums = tensix.cumsum(tensix.typecast(stored, "bfloat16"), 1)
        assert exact and torch.equal(found, tensix.typecast(sums, "bfloat8_b").values)


def test_errors_name_the_argument():
    with pytest.raises(ArgumentError, match="x is bfloat8_b; legal are bfloat16 and float32"):
        tensix.cumsum(drawn(32, 32, dtype="bfloat8_b"), 0)
    with pytest.raises(ArgumentError, match="dim is 2; legal are -2 to 1"):
        tensix.cumsum(drawn(32, 32), 2)
