import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.model.natural.config import HOP, SAMPLE_RATE
from lightning_v2.model.natural.source import LOWEST_F0, accumulate_phase
from lightning_v2.tensix import SitePrecision
from lightning_v2.tensix.ops import phase

OSCILLATOR = HOP, SAMPLE_RATE, LOWEST_F0


def accumulate_in(f0, dtype):
    return phase.accumulate_in(f0, *OSCILLATOR, dtype)


def contour(frames=400):
    """A gliding pitch with a pause."""
    f0 = 170 + 60 * torch.sin(torch.linspace(0, 9, frames))
    f0[frames // 2 : frames // 2 + 30] = 0
    return f0[None]


def drift(found, exact):
    """Cycles between two phases, in [-1/2, 1/2)."""
    return ((found - exact + 0.5) % 1 - 0.5).abs()


def test_wrapped_float32_follows_the_integers():
    f0 = contour()
    found = accumulate_in(f0, "float32")
    assert found.shape == (1, 400 * HOP)
    assert found.min() >= 0 and found.max() <= 1
    assert drift(found, accumulate_phase(f0)).max() < 1e-3


def test_bfloat16_drifts_away():
    f0 = contour()
    found = accumulate_in(f0, "bfloat16")
    assert torch.equal(found, found.bfloat16().float())
    assert drift(found, accumulate_phase(f0)).mean() > 0.1


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_batches_are_independent(dtype):
    one, two = contour(), contour().flip(1)
    both = accumulate_in(torch.cat([one, two]), dtype)
    assert torch.equal(both[:1], accumulate_in(one, dtype))
    assert torch.equal(both[1:], accumulate_in(two, dtype))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_without_a_voice_it_runs_on_at_the_lowest_frequency(dtype):
    """And a single frame is one hop of it."""
    silent, low = torch.zeros(1, 1), torch.full((1, 1), LOWEST_F0)
    assert accumulate_in(silent, dtype).shape == (1, HOP)
    assert torch.equal(accumulate_in(silent, dtype), accumulate_in(low, dtype))
    assert accumulate_in(silent, "float32")[0, 0] == pytest.approx(LOWEST_F0 / SAMPLE_RATE)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_call_is_lowered_as_its_output_says(dtype):
    f0, precision = contour(), SitePrecision(output=dtype)
    found = tensix.lower(accumulate_phase, (f0, *OSCILLATOR), {}, precision)
    assert torch.equal(found, accumulate_in(f0, dtype))


def test_integers_are_those_of_the_function_itself():
    f0, precision = contour(), SitePrecision(output="uint32")
    found = tensix.lower(accumulate_phase, (f0, *OSCILLATOR), {}, precision)
    assert torch.equal(found, accumulate_phase(f0))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_gradient_reaches_the_frequencies(dtype):
    """Of whoever trains through it."""
    f0 = contour(20).requires_grad_()
    found = accumulate_in(f0, dtype)
    assert torch.equal(accumulate_in(f0.detach(), dtype), found.detach())
    found.sum().backward()
    assert f0.grad.abs().max() > 0
