"""Short-time spectra with a level scale: a sine of full scale reads 0 dBFS in its bin."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

WINDOW = 1024
HOP = 256
SHOWN_BELOW_PEAK_DB = 80.0
"""Pictures show differences down to this far below the reference's loudest bin."""


@dataclass(frozen=True)
class Spectrogram:
    """A complex spectrum over time.

    Attributes:
        values: complex64 (F, T); phases refer to the middle of each frame.
        frequencies_hz: (F,).
        times_s: (T,), middle of each frame.
    """

    values: np.ndarray
    frequencies_hz: np.ndarray
    times_s: np.ndarray

    @property
    def level_db(self) -> np.ndarray:
        """Level in dBFS (F, T), not below -200 dBFS."""
        return decibels(np.abs(self.values), floor_db=-200.0)


def frames(
    waveform: np.ndarray, size: int, hop: int = HOP, centres: np.ndarray | None = None
) -> np.ndarray:
    """Overlapping pieces (T, size) of a waveform (N,), piece t centred on sample t * hop.

    T = ceil(N / hop); what reaches past the ends is zero. `centres` (T,) puts the pieces elsewhere,
    to the nearest sample.
    """
    if centres is not None:
        before = size // 2
        starts = np.clip(np.round(centres).astype(int), 0, len(waveform))
        padded = np.pad(np.asarray(waveform, np.float64), (before, size))
        return np.lib.stride_tricks.sliding_window_view(padded, size)[starts]
    count = -(-len(waveform) // hop)
    padded = np.zeros((max(count, 1) - 1) * hop + size, dtype=np.float64)
    left = size // 2
    kept = waveform[: len(padded) - left]
    padded[left : left + len(kept)] = kept
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]


def spectrogram(
    waveform: np.ndarray,
    sample_rate: int,
    window: int = WINDOW,
    hop: int = HOP,
    centres: np.ndarray | None = None,
) -> Spectrogram:
    """Hann-windowed spectrogram of a waveform (N,): F = window / 2 + 1, T = ceil(N / hop), or as
    many frames as there are `centres`, in samples."""
    taper = hann(window)
    spectra = np.fft.rfft(frames(waveform, window, hop, centres) * taper, axis=1)
    # A transform counts phase from the first sample of a frame; (-1)^k moves that to its middle.
    spectra *= 2.0 / taper.sum() * (-1.0) ** np.arange(window // 2 + 1)
    return Spectrogram(
        values=spectra.T.astype(np.complex64),
        frequencies_hz=np.arange(window // 2 + 1) * sample_rate / window,
        times_s=(np.arange(len(spectra)) * hop if centres is None else centres) / sample_rate,
    )


def mel_level_db(
    waveform: np.ndarray,
    sample_rate: int,
    bands: int = 80,
    floor: float = 0.0,
    centres: np.ndarray | None = None,
) -> np.ndarray:
    """Mel-band levels in dB (bands, T), amplitude `floor` added to every bin first."""
    amplitude = np.abs(spectrogram(waveform, sample_rate, centres=centres).values) + floor
    return decibels(_mel_filters(sample_rate, bands) @ amplitude**2, power=True)


def level_difference_db(reference: Spectrogram, candidate: Spectrogram) -> np.ndarray:
    """Candidate minus reference in dB (F, T), over the frames both have.

    Both get the same floor, 80 dB below the reference's loudest bin, so that numerical dust in
    silence does not look like a difference.
    """
    count = min(reference.values.shape[1], candidate.values.shape[1])
    a, b = (np.abs(s.values[:, :count]) for s in (reference, candidate))
    floor = comparison_floor(reference, SHOWN_BELOW_PEAK_DB)
    return 20.0 * np.log10((b + floor) / (a + floor))


def comparison_floor(reference: Spectrogram, below_peak_db: float) -> float:
    """The amplitude that far under the loudest bin (1e-10 for digital silence)."""
    peak = float(np.abs(reference.values).max(initial=0.0))
    return max(peak * 10 ** (-below_peak_db / 20), 1e-10)


def decibels(value: np.ndarray, power: bool = False, floor_db: float = -200.0) -> np.ndarray:
    """Amplitudes (or powers) in dB."""
    factor = 10.0 if power else 20.0
    return factor * np.log10(np.maximum(value, 10 ** (floor_db / factor)))


def hann(size: int) -> np.ndarray:
    """Periodic Hann window (size,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


@lru_cache
def _mel_filters(sample_rate: int, bands: int) -> np.ndarray:
    import librosa.filters

    return librosa.filters.mel(sr=sample_rate, n_fft=WINDOW, n_mels=bands)
