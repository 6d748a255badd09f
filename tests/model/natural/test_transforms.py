import numpy as np
import pytest
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.transforms import SCALE, Folding, OverlapAdd, bases


def test_half_matrices_are_the_transform_of_whole_frames():
    signal = torch.randn(2, 3000, generator=torch.Generator().manual_seed(0))
    cosines, sines = bases()
    even, odd = Folding()(signal)
    whole = torch.stft(
        signal, 1200, 300, window=torch.hann_window(1200) / 300, return_complex=True
    ).transpose(1, 2)[:, :10]
    real, imaginary = even @ cosines, odd @ sines
    torch.testing.assert_close(real[..., 1:601], whole.real[..., 1:], atol=1e-5, rtol=0)
    torch.testing.assert_close(imaginary[..., 1:601], whole.imag[..., 1:], atol=1e-5, rtol=0)
    assert not real[..., 0].any()
    assert not real[..., 601:].any()


def test_there_and_back():
    """Without DC, which is left out, and inside of the edges."""
    time = torch.arange(6000)
    signal = (torch.sin(time * 0.07) + torch.sin(time * 1.3 + 1))[None]
    cosines, sines = bases()
    even, odd = Folding()(signal)
    back = OverlapAdd()(even @ cosines @ cosines, odd @ sines @ sines)
    inner = slice(1200, -1200)
    torch.testing.assert_close(back[0, inner] * 300, signal[0, inner], atol=3e-4, rtol=0)


def test_a_block_float_holds_the_matrices():
    for matrix in bases():
        assert matrix.abs().max() <= SCALE
        assert torch.equal(matrix, matrix.T)
        assert np.shape(matrix) == (608, 608)


def test_a_signal_that_cannot_be_reflected_is_refused():
    with pytest.raises(ArgumentError, match="600 samples; a frame needs more than 600"):
        Folding()(torch.zeros(1, 600))
