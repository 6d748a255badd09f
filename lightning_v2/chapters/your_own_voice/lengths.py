"""The same sentence alone, after others, and in a list: does it fail only there?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.chapters.your_own_voice.arms import Arm
from lightning_v2.chapters.your_own_voice.excerpts import common_end, last_phones
from lightning_v2.deployment.emulate import emulate
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan
from lightning_v2.tensix import SiteCall

CLAUSE = "as everybody in the village knew by then"
"""What is said before a sentence, in the same sentence, to make it longer."""

_SHOWN = {
    "PESQ-WB (MOS-LQO)": "pesq_wb_mos",
    "LSD (dB)": "lsd_db",
    "drift, p95 (cycles)": "fundamental_drift_p95_cycles",
    "hiss (dB)": "hiss_rise_db",
    "clicks (1/s)": "clicks_per_s",
}


@dataclass(frozen=True, eq=False)
class Situation:
    """A sentence somewhere, under a plan against float32.

    Attributes:
        name: where.
        seconds: of all that was said.
        arm: of the sentence alone, cut out; None where it cannot be cut.
        not_finite: the first site with values that are not finite; empty if there is none.
    """

    name: str
    seconds: float
    arm: Arm | None
    not_finite: str


@dataclass(frozen=True, eq=False)
class Lengths:
    """What came out of `lengths`.

    Attributes:
        plan, tier: of the candidates.
        situations: from the shortest on.
        same_in_a_list: whether a sentence said in a list of texts has the bits that it has alone.
    """

    plan: str
    tier: str
    situations: tuple[Situation, ...]
    same_in_a_list: bool


def lengths(
    voice: Voice,
    text: str,
    plan: Plan | str | Path,
    repeats: Sequence[int] = (0, 1),
    tier: str = "fast",
    seed: int = 0,
) -> Lengths:
    """Say a sentence alone, at the end of longer and longer ones, and in a list.

    Everything has the durations and F0 that float32 gives it in the same place, so that what
    differs between the rows is what length does.

    Args:
        voice: from `lightning_v2.load`.
        text: one sentence.
        plan: name, path or `Plan`.
        repeats: how many clauses come before it.
        tier: how the emulator computes.
        seed: of the noise.

    Raises:
        PlanError: the plan does not parse or does not fit the voice.
    """
    plan = Plan.of(plan)
    alone = voice.synthesize(text, seed=seed)
    found = []
    for count in repeats:
        whole = ", ".join([CLAUSE] * count + [text])
        said = voice.synthesize(whole, seed=seed)
        watch = _FirstNotFinite()
        with emulate(voice, plan, tier=tier, observer=watch):
            candidate = voice.synthesize(whole, seed=seed, forced=said)
        name = "alone" if not count else "at the end of a longer sentence"
        arm = _cut(name, said, candidate, common_end(alone, said) if count else 0)
        found.append(Situation(name, said.duration_s, arm, watch.site))
    with emulate(voice, plan, tier=tier):
        one, _ = voice.synthesize([text, text], seed=seed)
        free = voice.synthesize(text, seed=seed)
    same = np.array_equal(one.waveform, free.waveform, equal_nan=True)
    return Lengths(plan.name, tier, tuple(found), same)


class _FirstNotFinite:
    """Observes a run.

    Attributes:
        site: the first one with a value that is not finite.
    """

    def __init__(self):
        self.site = ""

    def __call__(self, call: SiteCall) -> None:
        result = call.result[0] if isinstance(call.result, tuple) else call.result
        if self.site or not isinstance(result, Tensor) or not result.is_floating_point():
            return
        if not bool(result.isfinite().all()):
            self.site = call.site


def _cut(name: str, said: Speech, candidate: Speech, count: int) -> Arm | None:
    if not count:
        return Arm.of(name, "", said, candidate)
    try:
        return Arm.of(name, "", last_phones(said, count), last_phones(candidate, count))
    except ArgumentError:
        return None


def length_sheet(found: Lengths) -> Sheet:
    """A row a situation: what is measured of the same sentence."""
    rows = []
    for situation in found.situations:
        values = situation.arm.values if situation.arm else {}
        rows.append(
            {
                "the sentence": situation.name,
                "all that is said (s)": f"{situation.seconds:.1f}",
                **{c: number(values.get(name, np.nan)) for c, name in _SHOWN.items()},
                "first site not finite": situation.not_finite or "none",
            }
        )
    listed = "the bits that it has alone" if found.same_in_a_list else "other bits than alone"
    caption = (
        f"plan {found.plan}, emulated, {found.tier} tier, against PyTorch float32 in the same "
        f"place, teacher-forced; measured on the sentence alone. In a list of texts it has "
        f"{listed}."
    )
    return Sheet(pd.DataFrame(rows), caption)
