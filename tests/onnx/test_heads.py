import numpy as np
import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.onnx.heads import (
    BINS,
    FFT,
    HOP,
    RATE,
    SCALE,
    Frames,
    OverlapAdd,
    PulseNoisePhase,
    Pulses,
)
from tests.onnx.operations.cases import floats

FRAMES = 12


@pytest.fixture(scope="module")
def head():
    return PulseNoisePhase().eval().requires_grad_(False)


@pytest.fixture
def outputs():
    shape = 1, BINS, FRAMES
    named = {name: torch.from_numpy(floats(*shape)) for name in ("lh", "theta", "ln", "lr", "phi")}
    return named | {"f0": torch.full((1, FRAMES), 200.0)}


def quiet(outputs, *kept):
    """Log gains of all branches but some so low that they say nothing."""
    return outputs | {
        name: torch.full_like(outputs[name], -60.0) for name in {"lh", "ln", "lr"} - {*kept}
    }


def test_frames_of_a_signal_give_it_back_when_they_are_added():
    signal = torch.from_numpy(floats(FRAMES * HOP))
    window = torch.hann_window(FFT)
    wave = OverlapAdd()(Frames()(signal) * window * window * SCALE)
    np.testing.assert_allclose(wave[FFT:-FFT], signal[FFT:-FFT], atol=1e-6)


def test_pulses_are_where_f0_says_and_nowhere_else():
    f0 = torch.cat([torch.full((1, 20), 200.0), torch.full((1, 20), 30.0)], 1)
    train = Pulses()(f0).numpy()
    peaks = np.flatnonzero(train > 0.9 * train.max())
    assert np.all(np.abs(np.diff(peaks) - RATE / 200) <= 1)
    assert np.all(train[22 * HOP :] == 0)


def test_a_pulse_is_the_sum_of_its_harmonics():
    f0 = torch.full((1, 4), 5000.0)
    train = Pulses()(f0).numpy() * SCALE
    angle = 2 * np.pi * 5000 / RATE * np.arange(1, len(train) + 1)
    np.testing.assert_allclose(train, np.cos(angle) + np.cos(2 * angle), atol=1e-3)


def test_the_free_branch_is_the_inverse_transform(head, outputs):
    wave = head(quiet(outputs, "lr"), np.random.default_rng(0))
    gain, phase = np.exp(np.minimum(outputs["lr"][0], 7)), outputs["phi"][0]
    spectrum = (gain * np.exp(1j * phase)).numpy()
    frames = np.fft.irfft(spectrum.T, FFT) * np.hanning(FFT + 1)[:-1]
    added = OverlapAdd()(torch.from_numpy((frames * SCALE).astype(np.float32)))
    np.testing.assert_allclose(wave, added, atol=1e-4 * float(added.square().mean().sqrt()))


def test_pulses_pass_a_flat_filter(head, outputs):
    flat = quiet(outputs, "lh") | {name: torch.zeros(1, BINS, FRAMES) for name in ("lh", "theta")}
    wave = head(flat, np.random.default_rng(0)).numpy()
    train = Pulses()(outputs["f0"]).numpy() * SCALE / (FFT / 4)
    inner = slice(FFT, -FFT)
    np.testing.assert_allclose(wave[inner], train[inner], atol=2e-4 * train.max())


def test_noise_comes_from_the_generator(head, outputs):
    hiss = quiet(outputs, "ln")
    first, again, other = (head(hiss, np.random.default_rng(seed)).numpy() for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_gains_are_cut(head, outputs):
    loud = quiet(outputs) | {"lr": torch.full((1, BINS, FRAMES), 9.0)}
    limited = quiet(outputs) | {"lr": torch.full((1, BINS, FRAMES), 7.0)}
    first, second = (head(x, np.random.default_rng(0)) for x in (loud, limited))
    assert torch.equal(first, second)


def test_both_transforms_are_products_with_weights(head, outputs):
    sites = tensix.trace(head, lambda: head(outputs, np.random.default_rng(0)))
    by_name = {site.name: site for site in sites}
    assert by_name["analysis"].weights == by_name["synthesis"].weights == FFT * 2 * BINS
    assert by_name["analysis"].op == "linear" and by_name["harmonic_gain"].op == "exp"


def test_nothing_of_it_runs_outside_the_arithmetic_of_a_plan(head, outputs):
    low = tensix.SitePrecision(activations="bfloat16", output="bfloat16", weights="bfloat16")
    with tensix.use("fast"), tensix.intercept(head, lambda site: low) as running:
        head(outputs, np.random.default_rng(0))
    assert running.unemulated == []
