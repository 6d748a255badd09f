"""Changes of phase that nobody should hear, beside some that everybody does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.signal import hilbert

from lightning_v2.analysis.compare import compare
from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.analysis.display.versions import Version
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.analysis.metrics.sound.phase import PhaseDrift
from lightning_v2.analysis.verdict.distortions import with_group_delay
from lightning_v2.cache import cached
from lightning_v2.deployment.speak import speak
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.phase import sums_phase, with_phase
from lightning_v2.tensix.numbers.formats import pack_device

DELAY_MS = 1.0
GROUP_DELAY_MS = 1.0

_SHOWN = ("waveform_pcc", "snr_db", "pesq_wb_mos", "zimtohrli", "fundamental_drift_p95_cycles",
          "harmonic_relation_p95_cycles", "frequency_deviation_p95_cents")  # fmt: skip
_TONES = {
    "as it is": colours.REFERENCE,
    "integers": colours.REFERENCE,
    "float32": "#0072b2",
    "bfloat16": "#e69f00",
    "bfloat16 steps, summed exactly": "#009e73",
    "polarity flip": "#56b4e9",
    "quarter turn": "#cc79a7",
    "delay": "#009e73",
    "group delay": "#0072b2",
}


@dataclass(frozen=True, eq=False)
class PhaseChange:
    """One speech whose phase was changed, and what measures say of it.

    Attributes:
        name: of the change.
        what: it does, in words.
        speech: the result.
        metrics: as `audio_metrics.measure` has them.
        phase: the same.
    """

    name: str
    what: str
    speech: Speech
    metrics: dict[str, float]
    phase: PhaseDrift

    @property
    def version(self) -> Version:
        """To hear it."""
        wave, rate = self.speech.waveform, self.speech.sample_rate
        return Version(self.name, wave, rate, _TONES[self.name], self.what)


def arithmetic_changes(
    voice: Voice, text: str, plan: Plan | str | Path = "fp32", tier: str = "fast", seed: int = 0
) -> list[PhaseChange]:
    """A sentence with its phase summed in integers (first: the reference), float32 and bfloat16.

    Nothing else differs: the same plan, durations and F0. The last one has an F0 whose steps are
    those of bfloat16, but sums them in integers: drift without jitter. Of a voice that sums no
    phase there is the reference alone.

    Args:
        voice: from `lightning_v2.load`.
        text: any English text.
        plan: of everything but the phase.
        tier: of the emulation.
        seed: of the noise.

    Raises:
        PlanError: the plan does not parse, or names a site that the voice does not have.
    """
    plan, sites = Plan.of(plan), voice_sites(voice)
    rest = f"plan {plan.name}, emulated, {tier} tier"
    if not sums_phase(sites):
        said = speak(voice, text, plan, tier, seed=seed)
        return [_measured("as it is", rest, said, said)]

    def say(output: str, forced: Speech | None) -> Speech:
        summed = with_phase(plan, output, sites)
        return speak(voice, text, summed, tier, seed=seed, forced=forced)

    reference = say("uint32", None)
    increments = torch.from_numpy(reference.f0) / reference.sample_rate
    coarse = (pack_device(increments, "bfloat16") * reference.sample_rate).numpy()
    rest = f"all else {rest}"
    return [
        _measured("integers", f"phase summed in integers; {rest}", reference, reference),
        *(
            _measured(name, f"phase summed in {name}; {rest}", reference, say(name, reference))
            for name in ("float32", "bfloat16")
        ),
        _measured(
            "bfloat16 steps, summed exactly",
            f"F0 rounded so that its steps are bfloat16, phase in integers; {rest}",
            reference,
            say("uint32", replace(reference, f0=coarse)),
        ),
    ]


def coarse_comparison(
    voice: Voice, text: str, plan: Plan | str | Path = "fp32", tier: str = "fast", seed: int = 0
) -> Comparison | None:
    """The phase in bfloat16 against the exact sum, all else alike; None where none is summed.

    Raises:
        PlanError: see `arithmetic_changes`.
    """
    plan, sites = Plan.of(plan), voice_sites(voice)
    if not sums_phase(sites):
        return None
    low, exact = (with_phase(plan, output, sites) for output in ("bfloat16", "uint32"))
    return cached(compare)(voice, text, low, exact, tier=tier, seed=seed, layers=False)


def shown(draw: Callable[[Comparison], Picture], comparison: Comparison | None) -> Picture | Note:
    """A figure of a comparison, or a note where there is none."""
    return draw(comparison) if comparison else Note("This voice sums no phase.")


def waveform_changes(reference: Speech) -> list[PhaseChange]:
    """The phase of a whole waveform changed: turned over, turned by 90°, late, and smeared."""
    wave, rate = reference.waveform, reference.sample_rate
    late = round(DELAY_MS / 1000 * rate)
    changes = {
        "polarity flip": ("the waveform times −1", -wave),
        "quarter turn": ("every frequency turned by 90°", -np.imag(hilbert(wave))),
        "delay": (f"{DELAY_MS:g} ms later", np.concatenate([np.zeros(late), wave[:-late]])),
        "group delay": (
            f"later by 0 ms at 0 Hz to {GROUP_DELAY_MS:g} ms at {rate / 2000:g} kHz",
            with_group_delay(wave, rate, GROUP_DELAY_MS),
        ),
    }
    return [
        _measured(name, what, reference, replace(reference, waveform=changed.astype(np.float32)))
        for name, (what, changed) in changes.items()
    ]


def change_table(changes: Sequence[PhaseChange]) -> Sheet:
    """What measures say of each change. The first one is the reference."""
    rows = []
    for change in changes[1:]:
        row = {"change": change.name}
        for metric in METRICS:
            if metric.name in _SHOWN:
                unit = metric.unit.split(",")[0]
                row[f"{metric.label} ({unit})"] = number(change.metrics[metric.name], metric.bound)
        rows.append(row)
    caption = f"Against {changes[0].name}: {changes[0].what}. Measured on this one sentence."
    return Sheet(pd.DataFrame(rows), caption)


def _measured(name: str, what: str, reference: Speech, speech: Speech) -> PhaseChange:
    return PhaseChange(name, what, speech, *audio_metrics.measure(reference, speech))
