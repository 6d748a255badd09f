"""`tensix.addcmul`: against torch, and what a mask makes of it."""

import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.numbers import formats


def drawn(*shape, seed=0):
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return tensix.from_torch(values, "bfloat16")


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("tier", tensix.TIERS)
@pytest.mark.parametrize("value", [1.0, -1.0, 0.3])
def test_it_is_rounded_once_by_the_packer(tier, arch, value):
    a, b, c = (drawn(2, 64, 32, seed=seed) for seed in range(3))
    with tensix.use(tier, arch):
        found = tensix.addcmul(a, b, c, value=value).values
    exact = torch.addcmul(a.values.double(), b.values.double(), c.values.double(), value=value)
    wanted = formats.pack_device(exact.float(), "bfloat16")
    different = (found != wanted).float().mean()
    # A value that is no bfloat16 makes products that are rounded themselves.
    assert different <= (1e-3 if value == 0.3 else 0)


@pytest.mark.parametrize("tier", tensix.TIERS)
def test_a_mask_of_rows_leaves_sums_or_nothing_added(tier):
    x, y = drawn(2, 64, 32), drawn(2, 64, 32, seed=1)
    rows = torch.arange(64) < 40
    mask = tensix.from_torch(rows.float().view(1, 64, 1).expand(2, -1, -1), "bfloat16")
    with tensix.use(tier):
        found = tensix.addcmul(x, y, mask).values
    total = formats.pack_device(x.values + y.values, "bfloat16")
    assert torch.equal(found[:, rows], total[:, rows])
    assert torch.equal(found[:, ~rows], x.values[:, ~rows])


def test_errors_name_the_operand():
    x, narrow = drawn(1, 32, 32), tensix.from_torch(torch.ones(1, 32, 32), "bfloat8_b")
    with pytest.raises(ArgumentError, match="b is bfloat8_b; legal is bfloat16"):
        tensix.addcmul(x, narrow, x)
    with pytest.raises(ArgumentError, match="legal are shapes that broadcast"):
        tensix.addcmul(x, drawn(1, 32, 31), x)
