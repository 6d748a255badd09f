"""What a voice returns."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from lightning_v2.errors import ArgumentError
from lightning_v2.files import check_output, write_output

_FORMATS = {".wav": "WAV", ".wave": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}

SOUND_FILE = (tuple(_FORMATS), "a sound file")
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
        hop: samples of a frame; 1 of a voice that tells nothing by the frame.
        phonemes: the P phones, pauses included.
        durations: float32 (P,) frames, fractional.
        f0: float32 (T,) Hz at the frame's centre, 0 where unvoiced.
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
    frames: tuple[int, ...] = ()
    seed: int = 0
    unspoken: tuple[str, ...] = ()
    sample_rate: int = field(kw_only=True)
    hop: int = 1
    decisions: Mapping[str, np.ndarray] = field(default_factory=dict)
    plan: str | None = None
    tier: str | None = None

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.waveform) / self.sample_rate

    def save(self, path: str | Path) -> None:
        """Write a sound file at the level it has, as `files.write_output` does.

        The name says which kind: WAV or FLAC of 16 bits, or Ogg Vorbis and MP3, which lose
        something that may be more than what a plan loses. Without a suffix it is WAV.

        Raises:
            ArgumentError: the name ends like a file of another kind, or that kind cannot have the
                sample rate.
            OSError: if the folder does not exist or cannot be written.
        """
        check_output(path, *SOUND_FILE)
        file, kind = io.BytesIO(), _FORMATS.get(Path(path).suffix.lower(), "WAV")
        subtype = "PCM_16" if kind in ("WAV", "FLAC") else None
        try:
            soundfile.write(file, self.waveform, self.sample_rate, subtype, format=kind)
        except soundfile.LibsndfileError as error:
            reason = f"{path}: {kind} of {self.sample_rate} Hz cannot be written: {error}"
            raise ArgumentError(reason) from error
        write_output(path, file.getvalue())
