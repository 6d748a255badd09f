import numpy as np
import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.model.natural import source as natural
from lightning_v2.tensix import SitePrecision
from lightning_v2.tensix.ops import phase

HOP, SAMPLE_RATE = 256, 24000


def accumulate_in(f0, dtype):
    return phase.accumulate_in(f0, HOP, SAMPLE_RATE, dtype)


def contour(frames=400):
    """A gliding pitch with a pause."""
    f0 = 170 + 60 * torch.sin(torch.linspace(0, 9, frames))
    f0[150:180] = 0
    return f0[None]


def test_batches_are_independent():
    one, two = contour(), contour().flip(1)
    both = accumulate_in(torch.cat([one, two]), "bfloat16")
    assert torch.equal(both[:1], accumulate_in(one, "bfloat16"))
    assert torch.equal(both[1:], accumulate_in(two, "bfloat16"))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_silence(dtype):
    assert not accumulate_in(torch.zeros(1, 5), dtype).any()
    assert np.isfinite(accumulate_in(torch.full((1, 1), 200.0), dtype)).all()


def test_an_oscillator_that_never_stops_follows_its_integers():
    f0 = contour(200)
    exact = natural.accumulate_phase(f0)
    for dtype, most in (("float32", 1e-3), ("bfloat16", 0.51)):
        found = phase.run_on_in(f0, natural.HOP, natural.SAMPLE_RATE, natural.LOWEST_F0, dtype)
        assert found.shape == exact.shape
        error = ((found - exact + 0.5) % 1 - 0.5).abs()
        assert error.max() < most
    assert error.max() > 0.1
    assert torch.equal(found, found.bfloat16().float())
    precision = SitePrecision(output="float32")
    given = f0, natural.HOP, natural.SAMPLE_RATE, natural.LOWEST_F0
    integers = tensix.lower(natural.accumulate_phase, given, {}, SitePrecision(output="uint32"))
    assert torch.equal(integers, exact)
    low = tensix.lower(natural.accumulate_phase, given, {}, precision)
    assert ((low - exact + 0.5) % 1 - 0.5).abs().max() < 1e-3


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_compiled_loop_has_the_bits_of_the_one_with_gradients(dtype):
    f0 = torch.cat([contour(90), contour(90).flip(1), contour(90) * 1.5])
    f0[1, :7] = 0
    traced = accumulate_in(f0.clone().requires_grad_(), dtype)
    assert traced.requires_grad and torch.equal(accumulate_in(f0, dtype), traced.detach())
