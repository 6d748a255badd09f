import numpy as np
import torch

from lightning_v2.model import HOP
from lightning_v2.model.vocoder import (
    SCALE,
    Framing,
    OverlapAdd,
    analysis_basis,
    minimum_phase_basis,
    synthesis_basis,
)
from lightning_v2.tensix.numbers.formats import pack_host


def test_analysis_basis_is_a_windowed_dft():
    frame = np.random.default_rng(0).standard_normal(512)
    window = np.hanning(513)[:-1]
    expected = SCALE * np.fft.rfft(frame * window, 1024)[:512]
    got = torch.tensor(frame, dtype=torch.float32) @ analysis_basis(1024, 512)
    assert np.allclose(got[:512], expected.real, atol=1e-3)
    assert np.allclose(got[512:], expected.imag, atol=1e-3)


def test_synthesis_basis_is_the_inverse_dft():
    spectrum = np.random.default_rng(1).standard_normal((2, 512))
    spectrum[1, 0] = 0
    expected = SCALE * np.fft.irfft(np.append(spectrum[0] + 1j * spectrum[1], 0), 1024)
    got = torch.tensor(spectrum.reshape(-1), dtype=torch.float32) @ synthesis_basis(1024)
    assert np.allclose(got, expected, atol=1e-6)


def test_minimum_phase_of_a_one_pole_filter():
    frequency = 2 * np.pi * np.arange(512) / 1024
    response = 1 / (1 - 0.8 * np.exp(-1j * frequency))
    level = torch.tensor(np.log(np.abs(response)), dtype=torch.float32)
    assert np.allclose(level @ minimum_phase_basis(1024), np.angle(response), atol=1e-2)


def test_minimum_phase_impulse_response_is_causal():
    level = np.convolve(np.random.default_rng(2).standard_normal(600), np.ones(89) / 20, "valid")
    phase = torch.tensor(level, dtype=torch.float32) @ minimum_phase_basis(1024)
    response = np.exp(level) * np.exp(1j * phase.numpy())
    impulse = np.fft.irfft(np.append(response, abs(response[-1])), 1024)
    assert np.sum(impulse[512:] ** 2) < 1e-3 * np.sum(impulse**2)


def test_framing_through_both_bases_and_overlap_add_is_the_identity():
    wave = torch.randn(1, 40 * HOP, generator=torch.Generator().manual_seed(3))
    wave -= wave.mean()
    spectra = Framing()(wave) @ analysis_basis(1024, 512)
    again = OverlapAdd()(spectra @ synthesis_basis(1024))
    inner = slice(2 * HOP, -2 * HOP)
    # Hann windows every half window add up to one; only the Nyquist bin is lost
    assert again.shape == wave.shape
    error = (again - wave)[:, inner]
    assert error.pow(2).mean() < 2e-3 * wave.pow(2).mean()


def test_scaled_transforms_lose_less_in_block_floats():
    whole = synthesis_basis(1024) / SCALE

    def error(matrix):
        return (pack_host(matrix, "bfloat8_b") - matrix).pow(2).mean() / matrix.pow(2).mean()

    assert error(SCALE * whole) < 0.65 * error(whole)
