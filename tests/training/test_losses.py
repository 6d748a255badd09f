import pytest
import torch

from lightning_v2.training.losses import complex_loss, duration_loss, masked_mean, spectral_loss


@pytest.fixture
def wave():
    return torch.randn(2, 8192, generator=torch.Generator().manual_seed(0)) * 0.1


def test_no_difference_no_loss(wave):
    assert spectral_loss(wave, wave).item() == 0
    assert complex_loss(wave, wave).item() == 0


def test_magnitudes_do_not_hear_polarity_and_complex_spectra_do(wave):
    assert spectral_loss(-wave, wave).item() == pytest.approx(0, abs=1e-6)
    assert complex_loss(-wave, wave).item() == pytest.approx(4, rel=0.05)


def test_louder_is_worse(wave):
    assert spectral_loss(1.2 * wave, wave) < spectral_loss(1.5 * wave, wave)


def test_gradient_is_finite_for_silence(wave):
    silence = torch.zeros_like(wave, requires_grad=True)
    (spectral_loss(silence, wave) + complex_loss(silence + 1e-9, wave)).backward()
    assert torch.isfinite(silence.grad).all()


def test_duration_loss_ignores_padding():
    predicted = torch.log(torch.tensor([[4.0, 8.0, 100.0]]))
    durations = torch.tensor([[4.0, 10.0, 1.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0]])
    expected = 0.3 * 1.0 + torch.log(torch.tensor(0.8)).item() ** 2 / 2
    assert duration_loss(predicted, durations, mask).item() == pytest.approx(expected, rel=1e-5)


def test_masked_mean_of_nothing_is_zero():
    assert masked_mean(torch.ones(3), torch.zeros(3)).item() == 0
