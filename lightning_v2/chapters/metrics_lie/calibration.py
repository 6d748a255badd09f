"""What every measure makes of changes that are known: a scale to read plans on.

Some of the changes are controls of the equivalence test, whose verdict is known beforehand. Of the
others nothing is claimed: they are for the ears of whoever looks at the table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from lightning_v2.analysis.metrics.audio_metrics import measure
from lightning_v2.analysis.metrics.metric import METRICS, Metric
from lightning_v2.analysis.verdict import distortions
from lightning_v2.analysis.verdict.controls import (
    SHIFT_CENTS,
    Need,
    control,
    emulated,
    lacking,
    shifted,
)
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan
from lightning_v2.resources import held_out_texts

Group = Literal["must pass", "must fail", "listen", "plan"]
GROUPS: dict[Group, str] = {
    "must pass": "must pass: inaudible by construction",
    "must fail": "must fail: plain to hear",
    "listen": "nothing claimed: listen",
    "plan": "precision plans",
}


@dataclass(frozen=True)
class Change:
    """One known change.

    Attributes:
        name: as a table prints it.
        group: what is known of it.
        what: it does, in words.
        make: it: (voice, fp32 speech, tier) -> speech of the same durations.
        needs: of the voice; without it there is no such change.
    """

    name: str
    group: Group
    what: str
    make: Callable[[Voice, Speech, str], Speech]
    needs: Need | None = None


def _of_waveform(name: str, group: Group, what: str, change: Callable[[Speech], np.ndarray]):
    return Change(name, group, what, lambda _v, s, _t: replace(s, waveform=change(s)))


def _of_control(name: str, printed: str) -> Change:
    entry = control(name)
    return Change(printed, f"must {entry.must}", entry.what, entry.change, entry.needs)


CHANGES = (
    _of_control("polarity flip", "polarity flip"),
    _of_control("16-bit rounding", "16-bit rounding"),
    _of_control("white noise", "white noise −50 dB"),
    _of_waveform("white noise −40 dB", "must fail", "the same, louder",
                 lambda s: distortions.with_noise(s.waveform, -40.0, s.seed)),
    _of_control("pitch shift", f"pitch +{SHIFT_CENTS:g} cents"),
    _of_control("bfloat16 phase", "bfloat16 phase"),
    _of_waveform("hiss in pauses −40 dB", "listen", "white noise where the reference is silent",
                 lambda s: distortions.with_noise_in_pauses(
                     s.waveform, s.sample_rate, -40.0, s.seed)),
    _of_waveform("spectral noise −20 dB", "listen", "every bin of a spectrogram, noise -20 dB "
                 "below it", lambda s: distortions.with_spectral_noise(s.waveform, -20.0, s.seed)),
    _of_waveform("phase jitter 0.2 rad", "listen", "every bin of a spectrogram turned at random",
                 lambda s: distortions.with_phase_jitter(s.waveform, 0.2, s.seed)),
    _of_waveform("phase jitter 0.5 rad", "listen", "the same, more of it",
                 lambda s: distortions.with_phase_jitter(s.waveform, 0.5, s.seed)),
    _of_waveform("phase walk 0.3 rad", "listen", "all bins turned together, by a random walk of "
                 "0.3 rad a frame of 10.7 ms",
                 lambda s: distortions.with_phase_walk(s.waveform, 0.3, s.seed)),
    _of_waveform("group delay 1 ms", "listen", "high frequencies later, by 1 ms at 12 kHz",
                 lambda s: distortions.with_group_delay(s.waveform, s.sample_rate, 1.0)),
    Change("pitch +3 cents", "listen", "F0 higher by 3 cents", lambda v, s, _t: shifted(v, s, 3.0),
           "f0"),
    _of_waveform("gain −1 dB", "listen", "everything quieter",
                 lambda s: distortions.with_gain(s.waveform, -1.0)),
)  # fmt: skip
"""Those of the equivalence test but the rerun, which changes nothing, and the naive plan, which is
a plan; and what precision is known to do to speech, each by itself."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What came out of `calibrate`. C changes, S sentences.

    Attributes:
        table: C * S rows: change, group, what, sentence, and all of `audio_metrics.METRICS`.
        reference: the first sentence, PyTorch float32.
        waveforms: change -> the same sentence with it (N,).
        voice: its name.
        tier: of everything emulated.
        seed: of all noise.
    """

    table: pd.DataFrame
    reference: Speech
    waveforms: dict[str, np.ndarray]
    voice: str
    tier: str
    seed: int

    @property
    def means(self) -> pd.DataFrame:
        """Means over sentences that have a value (C rows): change, group, what, the metrics."""
        names = [metric.name for metric in METRICS]
        grouped = self.table.groupby(["change", "group", "what"], sort=False)[names]
        return grouped.mean().reset_index()

    @property
    def words(self) -> dict[str, str]:
        """Change -> what it does."""
        return dict(zip(self.table["change"], self.table["what"], strict=True))

    @property
    def sentences(self) -> int:
        """How many each mean is of."""
        return self.table["sentence"].nunique()

    @property
    def provenance(self) -> str:
        """One line that belongs beside every figure."""
        noun = "sentence" if self.sentences == 1 else "sentences"
        return (
            f"measured on {self.sentences} {noun} of voice {self.voice} against PyTorch float32, "
            f"means; plans and bfloat16 phase emulated, {self.tier} tier, teacher-forced; seed "
            f"{self.seed}"
        )


def calibrate(
    voice: Voice,
    texts: Sequence[str],
    plans: Sequence[Plan | str | Path] = (),
    tier: str = "fast",
    seed: int = 0,
    judges: bool = False,
) -> Calibration:
    """Make every change to every text, and measure all of it.

    Args:
        voice: from `lightning_v2.load`.
        texts: at least one.
        plans: rows of the table beside `CHANGES`.
        tier: how the emulator computes.
        seed: of the voice's noise, and of that of the changes.
        judges: let a recogniser and DNSMOS hear all changes of the first text.

    Raises:
        ArgumentError: there are no texts, or two plans of one name.
        PlanError: a plan does not parse, or does not fit the voice.
    """
    if not texts:
        raise ArgumentError("no texts: a calibration needs at least one")
    changes = (*CHANGES, *map(_under, plans))
    names = [change.name for change in changes]
    if len(set(names)) < len(names):
        raise ArgumentError(f"two changes or plans have one name: {', '.join(sorted(names))}")
    changes = [change for change in changes if not lacking(voice, change.needs)]
    rows, waveforms, first = [], {}, None
    for text in texts:
        said = voice.synthesize(text, seed=seed)
        first = first or said
        for change in changes:
            changed = change.make(voice, said, tier)
            values, _ = measure(said, changed, judges and said is first)
            head = {"change": change.name, "group": change.group, "what": change.what}
            rows.append({**head, "sentence": text, **values})
            if said is first:
                waveforms[change.name] = changed.waveform
    return Calibration(pd.DataFrame(rows), first, waveforms, voice.name, tier, seed)


def texts_with(text: str, count: int) -> list[str]:
    """`count` texts: this one, and the first held-out ones beside it.

    Raises:
        ArgumentError: fewer than 1 are asked for, or more than there are.
    """
    others = held_out_texts()
    if not 1 <= count <= len(others):
        raise ArgumentError(f"{count} sentences asked for; legal are 1 to {len(others)}")
    return [text, *(other for other in others.values() if other != text)][:count]


def yardsticks(pcc_gate: float) -> tuple[Metric, ...]:
    """All metrics, the waveform correlation with a bound, which the equivalence test has not.

    pcc_gate: the least correlation that is to pass, as in the tests of many ports.

    Raises:
        ArgumentError: it is not between -1 and 1.
    """
    if not -1 <= pcc_gate <= 1:
        raise ArgumentError(f"pcc_gate is {pcc_gate}; legal are -1 to 1")
    return tuple(
        replace(metric, bound=pcc_gate, relation=">=") if metric.name == "waveform_pcc" else metric
        for metric in METRICS
    )


def keeps_all(values: pd.Series) -> bool:
    """Whether one row of `Calibration.means` keeps every bound that the equivalence test has."""
    return not any(metric.holds(float(values[metric.name])) is False for metric in METRICS)


def blind_spots(calibration: Calibration, pcc_gate: float) -> pd.DataFrame:
    """What each measure that has a bound gets wrong, of the changes whose verdict is known.

    Returns:
        A row a measure, and a last one for all bounds of the equivalence test together. Columns:
        measure, bound, misses (keeps its bound, must fail), alarms (breaks it, must pass): names
        of changes with commas between them.
    """
    means = calibration.means
    rows = []
    for metric in (metric for metric in yardsticks(pcc_gate) if metric.bound is not None):
        holds = [metric.holds(value) for value in means[metric.name]]
        if all(known is None for known in holds):
            continue
        unit = "" if " to " in metric.unit else metric.unit
        rows.append((metric.label, f"{metric.bound_words} {unit}".strip(), holds))
    rows.append(("all bounds together", "each", [keeps_all(row) for _, row in means.iterrows()]))
    return pd.DataFrame(
        {
            "measure": label,
            "bound": bound,
            "misses": _names(means, holds, "must fail", True),
            "alarms": _names(means, holds, "must pass", False),
        }
        for label, bound, holds in rows
    )


def _under(plan: Plan | str | Path) -> Change:
    plan = Plan.of(plan)
    return Change(plan.name, "plan", plan.description, lambda v, s, t: emulated(v, s, plan, t))


def _names(means: pd.DataFrame, holds: list[bool | None], group: Group, wrong: bool) -> str:
    pairs = zip(means.itertuples(), holds, strict=True)
    return ", ".join(row.change for row, held in pairs if row.group == group and held is wrong)
