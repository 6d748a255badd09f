"""A player that switches between versions of the same sound without a gap."""

from dataclasses import dataclass

import anywidget
import numpy as np
import traitlets

from lightning_v2.analysis.metrics.sanity import flawed, playable
from lightning_v2.errors import ArgumentError
from widgets.player.wav import wav_base64
from widgets.source import source

MOST_GAIN_DB = 60
GAIN_STEP_DB = 6


@dataclass(frozen=True)
class Clip:
    """One thing to hear.

    Attributes:
        label: name on its button.
        waveform: (N,), full scale is 1; never normalised.
        sample_rate: Hz.
        colour: CSS colour of its dot and its waveform.
        note: shown while it is selected.
        gain_db: applied when played; the player says so.
        float32: send every bit instead of 16-bit PCM, for what is very quiet.
        adjustable: the listener may change the gain; levels are never matched to such a clip or by
            it.
    """

    label: str
    waveform: np.ndarray
    sample_rate: int
    colour: str = "#7f8790"
    note: str = ""
    gain_db: float = 0.0
    float32: bool = False
    adjustable: bool = False

    @classmethod
    def difference(
        cls, reference: np.ndarray, candidate: np.ndarray, sample_rate: int, colour: str = "#7f8790"
    ) -> "Clip":
        """What the candidate adds, candidate minus reference over the samples both have.

        Played with as much gain as makes it as loud as the reference, in steps of 6 dB, at most
        60 dB, never so much that it clips; the listener may choose another one.
        """
        count = min(len(reference), len(candidate))
        a, b = playable(reference[:count]), playable(candidate[:count])
        difference = np.subtract(b, a, dtype=np.float32)
        gain = audible_gain_db(difference, a)
        there = bool(difference.any())
        note = "candidate − reference" if there else "silence"
        return cls("difference", difference, sample_rate, colour, note, gain, True, there)

    @property
    def words(self) -> str:
        """The note, and what cannot be played."""
        notes = [self.note] if self.note else []
        if flaws := int(np.count_nonzero(flawed(self.waveform))):
            notes.append(f"not finite or far too large, and silent: {flaws} samples")
        beyond = np.abs(playable(self.waveform)) > 1.0
        clipped = 0 if self.float32 else int(np.count_nonzero(beyond))
        if clipped:
            notes.append(f"{clipped} samples beyond full scale are clipped")
        return "; ".join(notes)

    def state(self) -> dict:
        """What the browser gets."""
        return {
            "label": self.label,
            "colour": self.colour,
            "note": self.words,
            "gain_db": self.gain_db,
            "adjustable": self.adjustable,
            "loudness_lufs": self._loudness_lufs(),
            "sample_rate": self.sample_rate,
            "wav": wav_base64(self.waveform, self.sample_rate, self.float32),
        }

    def _loudness_lufs(self) -> float | None:
        """By which levels are matched, without the gain; None where nothing is loud enough."""
        from lightning_v2.analysis.metrics.sound.loudness import loudness_lufs

        loudness = loudness_lufs(playable(self.waveform), self.sample_rate)
        return loudness if np.isfinite(loudness) else None


def audible_gain_db(difference: np.ndarray, reference: np.ndarray) -> int:
    """Gain in whole steps of 6 dB, up to 60, that brings a difference (N,) up to the reference.

    Never below 0, except as far as a difference beyond full scale needs it in order not to clip.
    """
    if not difference.any() or not reference.any():
        return 0
    rms = [np.sqrt(np.mean(np.square(wave, dtype=np.float64))) for wave in (reference, difference)]
    wanted = np.clip(_in_steps(rms[0] / rms[1]), 0, MOST_GAIN_DB)
    return int(min(wanted, _in_steps(1.0 / np.abs(difference).max())))


def _in_steps(amplitude: float) -> float:
    return (20 * np.log10(amplitude) + 1e-3) // GAIN_STEP_DB * GAIN_STEP_DB


class ABPlayer(anywidget.AnyWidget):
    """Clips side by side: all run together, one is heard.

    Space plays and stops, the digits and the up and down keys choose, left and right move, [ and ]
    set a loop; the player lists all its keys.

    Args:
        clips: `Clip`s, at least one, of one sample rate.
        label: what a screen reader calls the player.

    Attributes:
        clips: `Clip.state` of each. Another list is shown, and heard, at once: the clip of the same
            label stays selected, position, loop and playing stay as they are. `replace` makes it.
        selected: index of the clip that is heard.
        looping: whether all of it is heard over and over, to begin with.
        pinned: it stays in view while what comes after it scrolls, smaller than usual.
        figures: measures that stand beside the sound: `words` that say of what, `stale` if that is
            another sound, and `cells`, each with label, value, unit, bound and whether it holds.
        chart: clips as marks of a chart, in the place of their buttons: `panels`, each with title,
            columns, and marks that name their clip, column, series, value and words; `series`,
            `range`, `limit`, `axis` and `caption`. A mark that is clicked is heard.

    Raises:
        ArgumentError: no clip, or several sample rates.
    """

    _esm = source(
        "kernel.js",
        "player/sound.js",
        "player/timeline.js",
        "player/pictures.js",
        "player/figures.js",
        "player/chart.js",
        "player/ab_player.js",
    )
    _css = source("common.css", "player/ab_player.css")

    clips = traitlets.List(traitlets.Dict()).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    looping = traitlets.Bool(False).tag(sync=True)
    pinned = traitlets.Bool(False).tag(sync=True)
    figures = traitlets.Dict().tag(sync=True)
    chart = traitlets.Dict().tag(sync=True)

    def __init__(self, clips: list[Clip], label: str = "Audio comparison", **traits):
        super().__init__(clips=_states(clips), label=label, **traits)

    @classmethod
    def of(cls, *comparisons) -> "ABPlayer":
        """A player of `clips_of(*comparisons)`."""
        return cls(clips_of(*comparisons), label=label_of(*comparisons))

    def replace(self, clips: list[Clip], label: str | None = None) -> None:
        """Show other clips in the place of these, see `clips`; same errors as the constructor."""
        states = _states(clips)
        self.label = self.label if label is None else label
        self.clips = states

    @traitlets.validate("selected")
    def _inside(self, proposal) -> int:
        return int(np.clip(proposal["value"], 0, max(len(self.clips) - 1, 0)))

    @traitlets.observe("clips")
    def _keep_selected(self, change) -> None:
        if not change["old"]:
            return
        labels = [clip["label"] for clip in change["new"]]
        old = change["old"][min(self.selected, len(change["old"]) - 1)]["label"]
        self.selected = labels.index(old) if old in labels else 0


def clips_of(*comparisons) -> list[Clip]:
    """Reference and candidates of `Comparison`s, with the difference where there is only one.

    Args:
        comparisons: at least one, all of the same reference.
    """
    from lightning_v2.analysis.display import colours

    first = comparisons[0]
    reference, rate = first.reference.waveform, first.reference.sample_rate
    clips = [Clip("reference", reference, rate, colours.REFERENCE, first.reference_words)]
    for comparison in comparisons:
        name = comparison.plan.name
        wave, words = comparison.candidate.waveform, comparison.candidate_words
        clips.append(Clip(name, wave, rate, colours.of_plan(name), words))
    if len(comparisons) == 1 and first.aligned:
        clips.append(Clip.difference(reference, first.candidate.waveform, rate, colours.DIFFERENCE))
    return clips


def label_of(*comparisons) -> str:
    """What a screen reader calls a player of `clips_of(*comparisons)`."""
    names = " and ".join(comparison.plan.name for comparison in comparisons)
    return f"{names} against {comparisons[0].reference_name}"


def _states(clips: list[Clip]) -> list[dict]:
    rates = sorted({clip.sample_rate for clip in clips})
    if len(rates) != 1:
        raise ArgumentError(f"a player needs clips of one sample rate, not {rates}")
    return [clip.state() for clip in clips]
