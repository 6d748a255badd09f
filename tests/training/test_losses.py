import pytest
import torch

from lightning_v2.training.losses import masked_l1, spectral_loss


@pytest.fixture
def wave():
    return torch.randn(2, 8192, generator=torch.Generator().manual_seed(0)) * 0.1


def test_no_difference_no_loss(wave):
    assert spectral_loss(wave, wave).item() == 0


def test_magnitudes_do_not_hear_polarity(wave):
    assert spectral_loss(-wave, wave).item() == pytest.approx(0, abs=1e-6)


def test_louder_is_worse(wave):
    assert spectral_loss(1.2 * wave, wave) < spectral_loss(1.5 * wave, wave)


def test_gradient_is_finite_for_silence(wave):
    silence = torch.zeros_like(wave, requires_grad=True)
    spectral_loss(silence, wave).backward()
    assert torch.isfinite(silence.grad).all()


def test_a_masked_error_ignores_padding():
    found, target = torch.tensor([[4.0, 8.0, 100.0]]), torch.tensor([[4.0, 10.0, 1.0]])
    assert masked_l1(found, target, torch.tensor([[1.0, 1.0, 0.0]])).item() == 1.0
    assert masked_l1(found, target, torch.zeros(1, 3)).item() == 0.0
