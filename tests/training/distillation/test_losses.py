import math

import pytest
import torch

from lightning_v2.model.natural.layers import Blocks
from lightning_v2.model.natural.source import Source
from lightning_v2.model.natural.transforms import Folding, bases
from lightning_v2.model.natural.vocoder import Head
from lightning_v2.training.distillation.losses import (
    Targets,
    head_losses,
    hidden_losses,
    state_loss,
)
from tests.untrained import SMALL

_MEAN_OF_PULSES = 1.5 * 20 / 200  # harmonics 200 Hz apart, 1.5 bins of 20 Hz each


def spectra():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(2, 6, 5, 608, generator=generator)
    values[:, :, (1, 4)] = torch.tanh(values[:, :, (1, 4)])
    return values


def test_noise_takes_over_where_the_free_branch_ends():
    values = spectra()
    targets = Targets.of(values, torch.full((2, 6), 200.0), SMALL)
    lh, _, ln, lr, _ = values.unbind(2)
    free = SMALL.free_bins
    assert torch.allclose(targets.noise[..., :free], ln[..., :free], atol=1e-5)
    power = 2 * torch.exp(2 * ln) + torch.exp(2 * lr)
    power[..., SMALL.harmonic_bins :] += _MEAN_OF_PULSES * torch.exp(2 * lh[..., -480:])
    found = 2 * torch.exp(2 * targets.noise)
    assert torch.allclose(found[..., free:], power[..., free:], rtol=1e-4)


def test_mean_power_of_pulses():
    frames = Folding()(Source()(torch.full((1, 60), 200.0)))
    cosines, sines = bases()
    power = (frames[0] @ cosines) ** 2 + (frames[1] @ sines) ** 2
    assert float(power[0, 10:-10, 50:500].mean()) == pytest.approx(_MEAN_OF_PULSES, rel=0.03)


def test_a_phase_matters_where_its_branch_is_loud():
    values = spectra()
    values[:, :, 3, 10] = 3.0  # the free branch, loud in one bin
    values[:, :, 3, 11] = -9.0
    targets = Targets.of(values, torch.full((2, 6), 200.0), SMALL)
    assert (targets.free_weight[..., 10] > 100 * targets.free_weight[..., 11]).all()
    unvoiced = Targets.of(values, torch.zeros(2, 6), SMALL)
    assert not unvoiced.harmonic_weight.any()


def test_what_says_the_same_loses_nothing():
    """A head without weights, whose biases say what every frame of the teacher says."""
    head, values = Head(SMALL), torch.zeros(1, 4, 5, 608)
    values[:, :, (1, 4)] = 0.5
    with torch.no_grad():
        for name, parameter in head.named_parameters():
            parameter.fill_(0.5 if "angle.output.bias" in name else 0.0)
    x = torch.randn(1, 4, SMALL.channels)
    targets = Targets.of(values, torch.full((1, 4), 200.0), SMALL)
    losses = head_losses(head, x, targets, torch.ones(1, 4))
    assert all(losses[name] < 1e-5 for name in ("harmonic", "free", "harmonic_phase", "free_phase"))
    free, pulsed = SMALL.free_bins, SMALL.harmonic_bins
    above = math.log(1.5) / 2 * (pulsed - free)  # what the free branch says there
    above += math.log((3 + _MEAN_OF_PULSES) / 2) / 2 * (608 - pulsed)  # and the harmonics, too
    above /= 608
    assert float(losses["noise"].detach()) == pytest.approx(0.4 * above, abs=1e-5)


def test_blocks_are_measured_by_what_they_add():
    torch.manual_seed(0)
    blocks, given = Blocks([1, 1], 32, 32), torch.randn(1, 9, 32)
    with torch.no_grad():
        first = blocks[0](given)
        hidden = torch.stack([given, first, first + 1], 2)
        losses = hidden_losses(blocks, hidden, torch.ones(1, 9))
    assert losses["block_0"] < 1e-9
    assert losses["block_1"] > 0.1
    assert state_loss([given, first, first + 1], hidden, torch.ones(1, 9)) == 0
