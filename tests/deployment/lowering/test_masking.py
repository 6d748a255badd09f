"""What stands for padding, in the arithmetic of the chip: a mask times 0, keys without weight."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2 import tensix
from lightning_v2.precision import Plan
from lightning_v2.tensix.intercept.rules.execution import Execution
from lightning_v2.tensix.numbers.formats import FORMATS

PLANS = ("bf16", "lightning-v2", "fp32", "naive")


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("dtype", FORMATS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.integers(-60, 60))
def test_masking_is_exact_in_every_format(arch, dtype, seed, scale):
    """Times 1 what is stored stays as it is; times 0 it is zero."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 64, 48, generator=generator) * 2.0**scale
    stored = tensix.typecast(tensix.from_torch(x, "float32"), dtype)
    valid = (torch.rand(1, 64, 1, generator=generator) < 0.5).float()
    with tensix.use("exact", arch):
        mask = tensix.typecast(tensix.from_torch(valid, "bfloat16"), dtype)
        y = tensix.multiply(stored, mask)
    assert y.dtype == dtype
    assert torch.equal(y.values, torch.where(valid > 0, stored.values, 0))


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 64), scale=st.floats(0.01, 100))
def test_keys_that_are_padding_have_no_weight(plan, arch, seed, count, scale):
    site = Execution(tensix, Plan.load(plan).for_site("encoder.layers.0.attention.softmax"))
    generator = torch.Generator().manual_seed(seed)
    scores = scale * torch.randn(1, 2, 32, 64, generator=generator)
    keys = torch.where(torch.arange(64) < count, 0.0, -1e4).view(1, 1, 1, 64)
    with tensix.use("exact", arch):
        scores = tensix.from_torch(scores, "bfloat16")
        weights = site.softmax(scores, mask=tensix.from_torch(keys, "bfloat16")).values
    assert torch.equal(weights[..., count:], torch.zeros(1, 2, 32, 64 - count))
    assert (weights[..., :count].sum(-1) > 0.5).all()
