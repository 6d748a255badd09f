"""The harmonics of a voiced sound, frame by frame: how strong, where in their cycle, how fast."""

from dataclasses import dataclass

import numpy as np

from lightning_v2.analysis.metrics.sound.remembered import remembered
from lightning_v2.analysis.metrics.sound.spectrogram import WINDOW, frames, hann

COUNT = 10
"""Harmonics that are followed: those that carry the first two formants of most voices."""


@dataclass(frozen=True)
class Harmonics:
    """K harmonics over T frames; NaN where the frame is unvoiced or above the highest frequency.

    Attributes:
        amplitude: (K, T), 1 for a sine of full scale.
        cycles: (K, T), phase in the middle of the frame, in (-0.5, 0.5].
        hz: (K, T), instantaneous frequency in the middle of the frame.
    """

    amplitude: np.ndarray
    cycles: np.ndarray
    hz: np.ndarray

    def at(self, match: np.ndarray) -> "Harmonics":
        """The frames `match` (T',) of them."""
        return Harmonics(self.amplitude[:, match], self.cycles[:, match], self.hz[:, match])


@remembered
def follow(waveform: np.ndarray, sample_rate: int, f0_hz: np.ndarray) -> Harmonics:
    """The harmonics of a waveform (N,) at an F0 of (T,) Hz, 0 where unvoiced.

    The frequency is that of the phase within the window, from the transform by the derivative of
    the window (F. Auger and P. Flandrin, 1995): what F0 says decides only where to look.
    """
    n = np.arange(WINDOW) - WINDOW // 2
    window = hann(WINDOW)
    # d/dn of 0.5 + 0.5 cos(2 pi n / WINDOW), which is the window counted from its middle
    slope = -np.pi / WINDOW * np.sin(2 * np.pi * n / WINDOW)
    pieces = frames(waveform, WINDOW)
    f0_hz = f0_hz[: len(pieces)]
    voiced = f0_hz > 0
    turn = np.exp(-2j * np.pi * f0_hz[voiced, None] * n / sample_rate)
    shifted = pieces[voiced].astype(complex)
    spectra, slopes = np.zeros((2, COUNT, len(f0_hz)), complex)
    for k in range(COUNT):
        shifted *= turn
        spectra[k, voiced], slopes[k, voiced] = shifted @ window, shifted @ slope
    hz = np.arange(1, COUNT + 1)[:, None] * f0_hz
    there = voiced & (hz < sample_rate / 2) & (np.abs(spectra) > 1e-12)
    spectra = np.where(there, spectra, np.nan)
    # Dividing by the complex NaN of a masked frame would warn.
    apart_hz = (slopes * spectra.conj()).imag / np.abs(spectra) ** 2 * sample_rate / (2 * np.pi)
    return Harmonics(
        amplitude=np.abs(spectra) * 2 / window.sum(),
        cycles=np.angle(spectra) / (2 * np.pi),
        hz=hz - apart_hz,
    )
