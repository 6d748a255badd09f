import math

import numpy as np
import torch

from lightning_v2.model.natural.source import Source, accumulate_phase, interpolated, pulse_train


def test_values_between_frames():
    values = interpolated(torch.tensor([[3, 9]]))[0]
    assert values[:151].tolist() == [3 * 600] * 150 + [3 * 599 + 9]
    assert values[449:].tolist() == [3 + 9 * 599] + [9 * 600] * 150


def test_phase_is_that_of_a_sum_in_double_precision():
    f0 = 150 + 50 * torch.sin(torch.arange(400) / 9)[None]
    hertz = interpolated(f0.double())[0].numpy() / 600
    expected = np.cumsum(hertz) / 24000 % 1
    error = (accumulate_phase(f0)[0].numpy() - expected + 0.5) % 1 - 0.5
    assert np.abs(error).max() < 1e-5


def test_phase_after_ten_minutes_is_as_exact_as_at_the_start():
    f0 = torch.full((1, 48_000), 187.5)
    share = round(187.5 / 24000 / 600 * 2**42)
    expected = [
        (n + 1) * 600 * share % 2**42 / 2**42 for n in range(300 * 48_000 - 100, 300 * 48_000)
    ]
    assert np.allclose(accumulate_phase(f0)[0, -100:], expected, atol=1e-7, rtol=0)


def test_pulses_are_a_sum_of_cosines():
    f0 = torch.full((1, 8), 2000.0)
    phase = accumulate_phase(f0)
    expected = sum(torch.cos(2 * math.pi * h * phase.double()) for h in range(1, 6))
    torch.testing.assert_close(pulse_train(phase, f0).double(), expected, atol=2e-4, rtol=0)


def test_where_there_is_no_voice_there_are_no_pulses():
    f0 = torch.tensor([[0.0] * 5 + [200.0] * 5])
    pulses = Source()(f0)[0]
    assert not pulses[: 4 * 300].any()
    assert pulses[6 * 300 :].any()
