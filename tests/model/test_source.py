"""The phase of the source against exact rational arithmetic and against the ear's measure, F0."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2.model import HOP, SAMPLE_RATE
from lightning_v2.model.source import Source, accumulate_phase, per_sample, pulse_train, sample_f0


def exact_phase(f0: list[float]) -> list[Fraction]:
    """The definition, sample by sample, without rounding of sums."""
    scaled = [round(f * 2**32 / SAMPLE_RATE) for f in f0]
    phases, phase = [], Fraction(0)
    for sample in range(len(f0) * HOP):
        nearest = min((sample + HOP // 2) // HOP, len(f0) - 1)
        if f0[nearest] == 0:
            phase = Fraction(0)
            phases.append(None)
            continue
        left = sample // HOP
        right = min(left + 1, len(f0) - 1)
        a = scaled[left] or scaled[right]
        b = scaled[right] or scaled[left]
        phases.append(phase % 1)
        place = Fraction(2 * (sample % HOP) + 1, 2 * HOP)
        phase += Fraction(1, 2**32) * (a + (b - a) * place)
    return phases


f0_values = st.one_of(st.just(0.0), st.floats(50, 500, width=32))


@settings(deadline=None, max_examples=25)
@given(st.lists(f0_values, min_size=2, max_size=6))
def test_phase_equals_rational_arithmetic(f0):
    f0 = [0.0, *f0]
    got = accumulate_phase(torch.tensor([f0]))[0].tolist()
    for value, exact in zip(got, exact_phase(f0), strict=True):
        if exact is not None:
            assert value == np.float32(float(exact))


def test_phase_of_an_hour_is_as_exact_as_of_a_second():
    frames = 3600 * SAMPLE_RATE // HOP
    f0 = torch.full((1, frames), 187.3)
    f0[0, 0] = 0
    phase = accumulate_phase(f0)[0, -1].item()
    increment = round(np.float64(np.float32(187.3)) * 2**32 / SAMPLE_RATE)
    samples = frames * HOP - 1 - HOP // 2
    assert phase == np.float32((samples * increment % 2**32) / 2**32)


def test_phase_restarts_at_each_voiced_run():
    f0 = torch.zeros(1, 12)
    f0[0, 2:5] = 200
    f0[0, 8:11] = 130
    phase = accumulate_phase(f0)[0]
    for first in (2, 8):
        assert phase[first * HOP - HOP // 2] == 0


def test_batch_and_single_agree():
    f0 = torch.tensor([[0.0, 120, 130, 0, 0, 210], [100.0, 0, 0, 90, 95, 99]])
    both = accumulate_phase(f0)
    assert torch.equal(both[0], accumulate_phase(f0[:1])[0])
    assert torch.equal(both[1], accumulate_phase(f0[1:])[0])


def test_overridable_by_a_function_mode():
    seen = []

    class Mode(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if func is accumulate_phase:
                seen.append(args)
                return torch.zeros(1)
            return func(*args, **(kwargs or {}))

    with Mode():
        accumulate_phase(torch.zeros(1, 2))
    assert len(seen) == 1


def test_pulse_train_has_the_harmonics_of_its_f0_and_unit_power():
    f0 = torch.full((1, 200), 187.5)  # 128 samples a period: bins of a DFT fall on harmonics
    pulses = pulse_train(accumulate_phase(f0), sample_f0(f0))[0]
    period = pulses[HOP * 10 : HOP * 10 + 1280]
    assert period.pow(2).mean().item() == pytest.approx(1, rel=0.02)
    spectrum = torch.fft.rfft(period).abs()
    harmonics = spectrum[::10]
    assert harmonics[1:63] == pytest.approx(harmonics[1].item(), rel=0.02)
    between = spectrum.clone()
    between[::10] = 0
    assert between.max() < 1e-3 * harmonics.max()


def test_noise_is_gated_by_voicing():
    f0 = torch.zeros(1, 8)
    f0[0, 3:6] = 150
    pulses, noise = Source()(f0, torch.ones(1, 8 * HOP))
    voiced = per_sample(f0 > 0)
    assert torch.all(noise[voiced] == 0)
    assert torch.all(pulses[~voiced] == 0)
    assert torch.all(noise[~voiced] == 1)
