import numpy as np
import pytest
import torch
from lightning_v2.model.config import HOP, SAMPLE_RATE
from lightning_v2.model.source import accumulate_phase

from lightning_v2 import tensix
from lightning_v2.model.natural import source as natural
from lightning_v2.tensix import SitePrecision
from lightning_v2.tensix.ops import phase


def accumulate_in(f0, dtype):
    return phase.accumulate_in(f0, HOP, SAMPLE_RATE, dtype)


def contour(frames=400):
    """A gliding pitch with a pause."""
    f0 = 170 + 60 * torch.sin(torch.linspace(0, 9, frames))
    f0[150:180] = 0
    return f0[None]


def drift(a, b, f0):
    """Cycles between two phases where voiced, in [-1/2, 1/2)."""
    voiced = (f0 > 0).repeat_interleave(256, 1)
    inner = voiced & voiced.roll(-256, 1) & voiced.roll(256, 1)
    return ((a - b + 0.5) % 1 - 0.5)[inner].abs()


def test_wrapped_float32_follows_the_integers():
    f0 = contour()
    phase = accumulate_in(f0, "float32")
    assert phase.shape == (1, 400 * 256)
    assert phase.min() >= 0 and phase.max() <= 1
    assert drift(phase, accumulate_phase(f0), f0).max() < 1e-3


def test_run_starts_agree_with_the_integers():
    f0 = contour(60)
    f0[:, :20] = 0
    start = 20 * 256
    exact = accumulate_phase(f0)[0, start - 100 : start + 100]
    phase = accumulate_in(f0, "float32")[0, start - 100 : start + 100]
    assert ((phase - exact + 0.5) % 1 - 0.5).abs().max() < 1e-4


def test_bfloat16_drifts_away():
    f0 = contour()
    phase = accumulate_in(f0, "bfloat16")
    assert torch.equal(phase, phase.bfloat16().float())
    error = drift(phase, accumulate_phase(f0), f0)
    assert error.mean() > 0.1


def test_batches_are_independent():
    one, two = contour(), contour().flip(1)
    both = accumulate_in(torch.cat([one, two]), "bfloat16")
    assert torch.equal(both[:1], accumulate_in(one, "bfloat16"))
    assert torch.equal(both[1:], accumulate_in(two, "bfloat16"))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_silence(dtype):
    assert not accumulate_in(torch.zeros(1, 5), dtype).any()
    assert np.isfinite(accumulate_in(torch.full((1, 1), 200.0), dtype)).all()


@pytest.mark.parametrize("output", ["float32", "bfloat16"])
def test_a_call_is_lowered_as_its_output_says(output):
    f0, precision = contour(), SitePrecision(output=output)
    phase = tensix.lower(accumulate_phase, (f0, HOP, SAMPLE_RATE), {}, precision)
    assert torch.equal(phase, accumulate_in(f0, output))


def test_integers_are_those_of_the_function_itself():
    f0, precision = contour(), SitePrecision(output="uint32")
    phase = tensix.lower(accumulate_phase, (f0, HOP, SAMPLE_RATE), {}, precision)
    assert torch.equal(phase, accumulate_phase(f0))


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
    low = tensix.lower(natural.accumulate_phase, (f0, 300, 24000, 40.0), {}, precision)
    assert ((low - exact + 0.5) % 1 - 0.5).abs().max() < 1e-3


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_compiled_loop_has_the_bits_of_the_one_with_gradients(dtype):
    f0 = torch.cat([contour(90), contour(90).flip(1), contour(90) * 1.5])
    f0[1, :7] = 0
    traced = accumulate_in(f0.clone().requires_grad_(), dtype)
    assert traced.requires_grad and torch.equal(accumulate_in(f0, dtype), traced.detach())
