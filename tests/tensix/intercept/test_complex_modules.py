"""Heads that end in complex numbers, in all spellings, with an inverse Fourier transform behind."""

import pytest
import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision
from tests.tensix.modules import Calls

HIGH = SitePrecision("float32", "float32", "float32", math_fidelity="HiFi4", fp32_dest_acc_en=True)
FFT, HOP = 16, 4
BINS = FFT // 2 + 1

# From magnitude and phase (B, bins, T) to a spectrum.
SPECTRA = {
    "sum": lambda m, p: m * (torch.cos(p) + 1j * torch.sin(p)),
    "imaginary number last": lambda m, p: m * (p.cos() + p.sin() * 1j),
    "sum of products": lambda m, p: m * torch.cos(p) + 1j * (m * torch.sin(p)),
    "difference": lambda m, p: (m * (torch.cos(p) - 1j * torch.sin(p))).conj_physical(),
    "in place": lambda m, p: torch.complex(p.cos(), p.sin()).mul_(m),
    "complex": lambda m, p: torch.complex(m * p.cos(), m * p.sin()),
    "view": lambda m, p: torch.view_as_complex(torch.stack([m * p.cos(), m * p.sin()], -1)),
    "polar": torch.polar,
    "exponential": lambda m, p: m * torch.exp(1j * p),
    "exponential of both": lambda m, p: torch.exp(torch.complex(m.log(), p)),
    "reversed": lambda m, p: (1j * p).exp() * m,
    "parts": lambda m, p: _from_parts(m * p.cos(), m * p.sin()),
    "lerp": lambda m, p: torch.addcmul(torch.zeros_like(m) * 1j, m, torch.exp(1j * p)),
    "numpy number": lambda m, p: m * (p.cos() + torch.tensor(1j) * p.sin()),
}
WAVES = {
    "istft": lambda s: torch.istft(s, FFT, HOP, window=torch.hann_window(FFT)),
    "irfft": lambda s: torch.fft.irfft(s, dim=1),
    "absolute": torch.abs,
    "angle": torch.angle,
    "parts": lambda s: s.real + 2 * s.imag,
    "view": lambda s: torch.view_as_real(s).sum(-1),
    "product": lambda s: (s.mT @ s).abs(),
    "mean": lambda s: s.mean(-1).imag,
}


def _from_parts(real, imaginary):
    spectrum = torch.zeros_like(real, dtype=torch.complex64)
    spectrum.real, spectrum.imag = real, imaginary
    return spectrum


class Head(nn.Module):
    """As in Vocos: a projection, log magnitudes and phases, a spectrum, a wave."""

    def __init__(self, spectrum, wave):
        super().__init__()
        torch.manual_seed(0)
        self.out = nn.Linear(12, 2 * BINS)
        self.spectrum, self.wave = spectrum, wave

    def forward(self, x):
        magnitude, phase = self.out(x).transpose(1, 2).chunk(2, 1)
        return self.wave(self.spectrum(torch.exp(magnitude).clip(max=1e2), phase))


@pytest.mark.parametrize("tier", ["exact", "fast"])
@pytest.mark.parametrize("wave", WAVES)
@pytest.mark.parametrize("spectrum", SPECTRA)
def test_heads_have_both_parts(spectrum, wave, tier):
    net = Head(SPECTRA[spectrum], WAVES[wave]).eval()
    x = torch.randn(2, 8, 12, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = net(x)
        with tensix.use(tier=tier), tensix.intercept(net, lambda site: HIGH) as emulation:
            result = net(x)
    assert result.dtype == expected.dtype and result.shape == expected.shape
    error = (result - expected).abs()
    error = torch.minimum(error, 2 * torch.pi - error) if wave == "angle" else error
    assert error.max() < 0.01 * expected.abs().max()
    assert emulation.sites["out"] == "linear" and {"exp", "clamp"} <= set(emulation.sites.values())
    # Real parts that the chip can do stay emulated.
    if spectrum in ("sum", "complex", "view", "imaginary number last", "parts"):
        assert {"cos", "sin"} <= set(emulation.sites.values())
    if spectrum not in ("complex", "view", "parts") or wave not in ("parts", "view"):
        assert emulation.unemulated


def test_moving_parts_is_no_arithmetic():
    def moved(x):
        pairs = torch.view_as_real(torch.complex(x, x.clone()).conj().resolve_conj())
        return torch.view_as_complex(pairs).real

    net = Calls(moved)
    with tensix.intercept(net, lambda site: HIGH) as emulation:
        net(torch.randn(4))
    assert emulation.unemulated == [] and not emulation.sites


COMPLEX_INPUTS = {
    "linear": lambda z: nn.functional.linear(z, z),
    "product": lambda z: z @ z.mT,
    "sum with real": lambda z: torch.ones(4, 4) + z,
    "real first": lambda z: torch.ones(4, 4).mul(z),
    "power": lambda z: z**2,
    "variance": lambda z: z.var(-1),
    "sigmoid": torch.sigmoid,
    "einsum": lambda z: torch.einsum("ij,jk->ik", z, z),
    "where": lambda z: torch.where(z.real > 0, z, z * 0),
    "number": lambda z: torch.ones(4) * (1 + 2j),
    "rotary": lambda z: torch.view_as_real(torch.view_as_complex(torch.ones(4, 4, 2)) * z),
}


@pytest.mark.parametrize("name", COMPLEX_INPUTS)
def test_complex_inputs_run_as_torch_runs_them(name):
    z = torch.randn(4, 4, dtype=torch.complex64, generator=torch.Generator().manual_seed(0))
    net = Calls(COMPLEX_INPUTS[name])
    with tensix.intercept(net, lambda site: HIGH) as emulation:
        result = net(z)
    assert torch.equal(result, net(z))
    assert {call.reason for call in emulation.unemulated} == {"complex numbers"}
    assert emulation.emulated == 0
