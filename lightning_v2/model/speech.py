"""What a voice returns."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from lightning_v2.files import check_output, write_output
from lightning_v2.model.config import HOP, SAMPLE_RATE

WAV_FILE = ((".wav", ".wave"), "a WAV file")
"""Suffixes and kind of what `Speech.save` writes, for `files.check_output`."""


def _nothing() -> np.ndarray:
    return np.empty(0, np.float32)


@dataclass(frozen=True, eq=False)
class Speech:
    """A waveform and how it came about. N samples, P phones, T frames; N = T * hop.

    What a voice does not know of its own speech is empty.

    Attributes:
        text: as given.
        waveform: float32 (N,), full scale 1.
        sample_rate: Hz.
        phonemes: the P phones, pauses included.
        durations: float32 (P,) frames, fractional.
        f0: float32 (T,) Hz at the frame's centre, 0 where unvoiced.
        envelope: float32 (T, 64) natural log amplitude of the pitch-free spectrum.
        frames: T of each sentence, in order.
        decisions: what is decided about time inside a network and told nowhere else, by name. Of a
            voice without durations they are whole numbers: sample n of two speeches of a text
            belongs together if they agree.
        seed: of the noise.
        unspoken: characters of the text that nobody can say.
        plan: name of the precision plan it was spoken with; None: PyTorch float32. Where only parts
            of the network ran under a plan it names them, "bf16 in decoder", and is "(unknown)"
            where torch calls were intercepted by hand.
        tier: of the emulation, "exact" or "fast", or the device that spoke: "silicon", "simulator"
            or "mock"; None: PyTorch; "(unknown)" as above.
    """

    text: str
    waveform: np.ndarray
    phonemes: tuple[str, ...]
    durations: np.ndarray = field(default_factory=_nothing)
    f0: np.ndarray = field(default_factory=_nothing)
    envelope: np.ndarray = field(default_factory=_nothing)
    frames: tuple[int, ...] = ()
    seed: int = 0
    unspoken: tuple[str, ...] = ()
    sample_rate: int = SAMPLE_RATE
    hop: int = HOP
    decisions: Mapping[str, np.ndarray] = field(default_factory=dict)
    plan: str | None = None
    tier: str | None = None

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.waveform) / self.sample_rate

    def save(self, path: str | Path) -> None:
        """Write a WAV file, 16-bit PCM at the level it has, as `files.write_output` does.

        Raises:
            ArgumentError: the name ends like a file of another kind.
            OSError: if the folder does not exist or cannot be written.
        """
        check_output(path, *WAV_FILE)
        wav = io.BytesIO()
        soundfile.write(wav, self.waveform, self.sample_rate, subtype="PCM_16", format="WAV")
        write_output(path, wav.getvalue())
