"""A player that switches between versions of the same sound without a gap."""

from dataclasses import dataclass
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from .wav import wav_base64

HERE = Path(__file__).parent
MOST_GAIN_DB = 60


@dataclass(frozen=True)
class Clip:
    """One thing to hear.

    Attributes:
        label: name on its button.
        waveform: (N,), full scale is 1; never normalised.
        sample_rate: Hz.
        colour: CSS colour of its dot and its waveform.
        note: shown while it is selected.
        gain_db: applied when played, and part of the note.
        float32: send every bit instead of 16-bit PCM, for what is very quiet.
    """

    label: str
    waveform: np.ndarray
    sample_rate: int
    colour: str = "#7f8790"
    note: str = ""
    gain_db: float = 0.0
    float32: bool = False

    @classmethod
    def difference(
        cls, reference: np.ndarray, candidate: np.ndarray, sample_rate: int, colour: str = "#7f8790"
    ) -> "Clip":
        """What the candidate adds, candidate minus reference over the samples both have.

        Played with as much gain as makes it as loud as the reference, in steps of 6 dB, at most
        60 dB, never so much that it clips.
        """
        count = min(len(reference), len(candidate))
        difference = np.subtract(candidate[:count], reference[:count], dtype=np.float32)
        gain = audible_gain_db(difference, reference)
        note = f"candidate − reference, played {gain:+d} dB" if difference.any() else "silence"
        return cls("difference", difference, sample_rate, colour, note, gain, float32=True)

    def state(self) -> dict:
        """What the browser gets."""
        clipped = 0 if self.float32 else int(np.count_nonzero(np.abs(self.waveform) > 1.0))
        notes = [self.note] if self.note else []
        if clipped:
            notes.append(f"{clipped} samples beyond full scale are clipped")
        return {
            "label": self.label,
            "colour": self.colour,
            "note": "; ".join(notes),
            "gain_db": self.gain_db,
            "sample_rate": self.sample_rate,
            "wav": wav_base64(self.waveform, self.sample_rate, self.float32),
        }


def audible_gain_db(difference: np.ndarray, reference: np.ndarray) -> int:
    """Gain in whole steps of 6 dB, 0 to 60, that brings a difference (N,) up to the reference."""
    if not difference.any() or not reference.any():
        return 0
    rms = [np.sqrt(np.mean(np.square(wave, dtype=np.float64))) for wave in (reference, difference)]
    headroom = min(rms[0] / rms[1], 1.0 / np.abs(difference).max())
    return int(np.clip(20 * np.log10(headroom) // 6 * 6, 0, MOST_GAIN_DB))


class ABPlayer(anywidget.AnyWidget):
    """Clips side by side: all run together, one is heard.

    Space plays and stops, the digits and the up and down keys choose, left and right move.

    Args:
        clips: `Clip`s, at least one, of one sample rate.
        label: what a screen reader calls the player.

    Raises:
        ValueError: no clip, or several sample rates.
    """

    _esm = HERE / "ab_player.js"
    _css = HERE / "ab_player.css"

    clips = traitlets.List(traitlets.Dict()).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def __init__(self, clips: list[Clip], label: str = "Audio comparison", **traits):
        rates = sorted({clip.sample_rate for clip in clips})
        if len(rates) != 1:
            raise ValueError(f"a player needs clips of one sample rate, not {rates}")
        super().__init__(clips=[clip.state() for clip in clips], label=label, **traits)

    @classmethod
    def of(cls, *comparisons) -> "ABPlayer":
        """Reference and candidates of `Comparison`s, with the difference where there is only one.

        Args:
            comparisons: at least one, all of the same reference.
        """
        from lightning_v2.analysis import colours

        first = comparisons[0]
        reference, rate = first.reference.waveform, first.reference.sample_rate
        clips = [Clip("reference", reference, rate, colours.REFERENCE, first.reference_words)]
        for comparison in comparisons:
            name = comparison.plan.name
            colour = colours.of_plan(name)
            wave, words = comparison.candidate.waveform, comparison.candidate_words
            clips.append(Clip(name, wave, rate, colour, words))
        if len(comparisons) == 1 and first.aligned:
            wave = first.candidate.waveform
            clips.append(Clip.difference(reference, wave, rate, colours.DIFFERENCE))
        names = " and ".join(comparison.plan.name for comparison in comparisons)
        return cls(clips, label=f"{names} against {first.reference_name}")

    @traitlets.validate("selected")
    def _inside(self, proposal) -> int:
        return int(np.clip(proposal["value"], 0, max(len(self.clips) - 1, 0)))
