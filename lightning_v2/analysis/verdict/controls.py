"""Changes whose verdict is known beforehand: without them a verdict on a plan means nothing.

What must pass is inaudible by construction, what must fail is plain to hear. The plans among them
run on the voice that is tested: one that was not designed for low precision would be the better
control, but there is only one.

A control that keeps durations and F0 is judged by the teacher-forced and by the free-running
endpoints, because it can be laid beside float32 in either way; one that has durations of its own by
the free-running ones alone. A voice that cannot do what a control asks of it is tested without that
control, and the check says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lightning_v2.analysis.metrics.endpoints import Run
from lightning_v2.analysis.verdict import distortions
from lightning_v2.deployment.speak import speak
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.edit import with_rule
from lightning_v2.precision.fit import fitted
from lightning_v2.precision.phase import sums_phase, with_other_phase

NOISE_DB = -50.0
"""White noise of a control, relative to the level of the speech."""
SHIFT_CENTS = 30.0
SLIGHT_TEMPO_PERCENT = 0.5
PLAIN_TEMPO_PERCENT = 5.0


Need = Literal["f0", "durations", "phase", "prosody sites"]
"""What a voice has to have for a control: F0 or durations that can be given, a site that sums a
phase, or sites that it names as those of durations and F0."""


@dataclass(frozen=True)
class Control:
    """One change.

    Attributes:
        name: as it is called.
        must: what the test has to say of it.
        what: it does, in words.
        emulated: it depends on the tier.
        change: makes it: (voice, fp32 speech, tier) -> speech of the same phones.
        runs: whose endpoints judge it.
        needs: of the voice.
    """

    name: str
    must: Literal["pass", "fail"]
    what: str
    emulated: bool
    change: Callable[[Voice, Speech, str], Speech]
    runs: tuple[Run, ...] = ("teacher-forced", "free-running")
    needs: Need | None = None


def lacking(voice: Voice, need: Need | None) -> str:
    """Why a voice does not have what is needed; empty if it has it."""
    if need in ("f0", "durations"):
        return "" if need in voice.takes else f"this voice cannot be given {need}"
    if need == "phase":
        there = sums_phase(voice_sites(voice))
        return "" if there else "no site of this voice sums a phase"
    if need == "prosody sites":
        return "" if voice.prosody_sites else "this voice names no sites of durations and F0"
    return ""


def control(name: str) -> Control:
    """A control by its name.

    Raises:
        ArgumentError: there is none.
    """
    for entry in CONTROLS:
        if entry.name == name:
            return entry
    raise ArgumentError(f"no control {name!r}; known are {', '.join(c.name for c in CONTROLS)}")


def shifted(voice: Voice, speech: Speech, cents: float) -> Speech:
    """The same speech said again with an F0 that is higher by `cents`."""
    forced = replace(speech, f0=speech.f0 * np.float32(2 ** (cents / 1200)))
    return voice.synthesize(speech.text, seed=speech.seed, forced=forced)


def slower(voice: Voice, speech: Speech, percent: float) -> Speech:
    """The same text said again with phones that last longer by `percent`; F0 is predicted anew."""
    return with_durations(voice, speech, speech.durations * np.float32(1 + percent / 100))


def with_durations(voice: Voice, speech: Speech, durations: np.ndarray) -> Speech:
    """The same text said again with other durations (P,) in frames; F0 is predicted anew."""
    timing = replace(speech, durations=durations, f0=np.empty(0, np.float32))
    return voice.synthesize(speech.text, seed=speech.seed, forced=timing)


def prosody_plan(voice: Voice) -> Plan:
    """The plan fp32 with durations and F0 as low as they go: only free-running speech shows it."""
    best = fitted(Plan.load("fp32"), voice_sites(voice))
    low = {"weights": "bfloat4_b", "activations": "bfloat8_b", "math_fidelity": "LoFi"}
    return with_rule(best, voice.prosody_sites, low, "fp32 with low prosody")


def emulated(voice: Voice, speech: Speech, plan: Plan, tier: str) -> Speech:
    """The same speech said under a plan, with the durations and F0 that it has."""
    return speak(voice, speech.text, plan, tier, seed=speech.seed, forced=speech)


def _rerun(voice: Voice, speech: Speech, tier: str) -> Speech:
    return voice.synthesize(speech.text, seed=speech.seed)


def _flip(voice: Voice, speech: Speech, tier: str) -> Speech:
    return replace(speech, waveform=-speech.waveform)


def _round(voice: Voice, speech: Speech, tier: str) -> Speech:
    return replace(speech, waveform=distortions.rounded(speech.waveform))


def _hiss(voice: Voice, speech: Speech, tier: str) -> Speech:
    hissing = distortions.with_noise(speech.waveform, NOISE_DB, speech.seed)
    return replace(speech, waveform=hissing)


def _shift(voice: Voice, speech: Speech, tier: str) -> Speech:
    return shifted(voice, speech, SHIFT_CENTS)


def _coarse_phase(voice: Voice, speech: Speech, tier: str) -> Speech:
    sites = voice_sites(voice)
    plan = with_other_phase(fitted(Plan.load("fp32"), sites), sites)
    return emulated(voice, speech, plan, tier)


def _slower(percent: float) -> Callable[[Voice, Speech, str], Speech]:
    return lambda voice, speech, _tier: slower(voice, speech, percent)


def _prosody(voice: Voice, speech: Speech, tier: str) -> Speech:
    return speak(voice, speech.text, prosody_plan(voice), tier, seed=speech.seed)


def _naive(voice: Voice, speech: Speech, tier: str) -> Speech:
    return emulated(voice, speech, fitted(Plan.load("naive"), voice_sites(voice)), tier)


CONTROLS = (
    Control("rerun", "pass", "the same computation once more, bit for bit", False, _rerun),
    Control("polarity flip", "pass", "the waveform times -1", False, _flip),
    Control("16-bit rounding", "pass", "what a WAV file keeps", False, _round),
    Control(f"{SLIGHT_TEMPO_PERCENT:g} % slower", "pass", "durations, with the F0 that goes with "
            "them", False, _slower(SLIGHT_TEMPO_PERCENT), ("free-running",), "durations"),
    Control(f"{SLIGHT_TEMPO_PERCENT:g} % faster", "pass", "the same the other way", False,
            _slower(-SLIGHT_TEMPO_PERCENT), ("free-running",), "durations"),
    Control("white noise", "fail", f"at {NOISE_DB:g} dB of the speech", False, _hiss),
    Control("pitch shift", "fail", f"F0 higher by {SHIFT_CENTS:g} cents", False, _shift,
            needs="f0"),
    Control("bfloat16 phase", "fail", "plan fp32 with the phase summed in bfloat16", True,
            _coarse_phase, needs="phase"),
    Control("naive plan", "fail", "everything low, on this voice, which was co-designed", True,
            _naive),
    Control(f"{PLAIN_TEMPO_PERCENT:g} % slower", "fail", "durations, with the F0 that goes with "
            "them", False, _slower(PLAIN_TEMPO_PERCENT), ("free-running",), "durations"),
    Control("prosody plan", "fail", "plan fp32 with durations and F0 in bfloat4_b and LoFi", True,
            _prosody, ("free-running",), "prosody sites"),
)  # fmt: skip
