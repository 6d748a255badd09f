"""How low each part of a voice may go: one at a time in every format and fidelity, and heard."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from lightning_v2 import tensix
from lightning_v2.analysis.compare import compare
from lightning_v2.analysis.metrics.audio_metrics import measure
from lightning_v2.analysis.metrics.endpoints import ENDPOINTS, Endpoint, Run
from lightning_v2.analysis.sites.isolated import called_precisions
from lightning_v2.analysis.sites.parts import parts_of
from lightning_v2.chapters.find_a_plan.check_figures import used_share
from lightning_v2.executors import executed_by
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.phase import phase_sites, sums_phase
from lightning_v2.tensix import SitePrecision

FORMATS = ("bfloat16", "bfloat8_b", "bfloat4_b")
"""Of weights, which are rounded beforehand to what the fidelity takes of them; activations and
outputs are bfloat16 throughout."""
FIDELITIES = ("HiFi4", "HiFi2", "LoFi")
PHASE, WHOLE, PLANS = "running phase", "the whole voice", "plans"
"""Groups beside the parts. A running phase multiplies nothing, so that it has but one try; it
stays out of its part and, as in every plan that is shipped but one, out of the whole."""


@dataclass(frozen=True, eq=False)
class Try:
    """A sentence with one part of the voice in low precision and all others in float32, or under a
    plan.

    Attributes:
        group: the part, `PHASE`, `WHOLE`, or `PLANS`.
        sites: how many run low.
        series: format of the weights, or name of the plan.
        column: fidelity, "any fidelity" of a phase, or name of the plan.
        speech: with durations and F0 of its own.
        used: label of each limit of the equivalence test that has a value -> how much of it is
            used: 0 as float32, 1 at the limit. Where durations or F0 are others, the limits of
            free-running speech are among them.
    """

    group: str
    sites: int
    series: str
    column: str
    speech: Speech
    used: Mapping[str, float]

    @property
    def most(self) -> float:
        """How much is used of the limit that is nearest, or farthest beyond; 0 if none has a
        value."""
        return max(self.used.values(), default=0.0)

    @property
    def nearest(self) -> str:
        """Label of that limit."""
        return max(self.used, key=self.used.get, default="")

    @property
    def kept(self) -> bool:
        """Whether all limits are."""
        return self.most <= 1


@dataclass(frozen=True, eq=False)
class Sweep:
    """All tries of one sentence.

    Attributes:
        reference: PyTorch float32.
        tries: by group, series and column.
        tier: of the emulation.
    """

    reference: Speech
    tries: tuple[Try, ...]
    tier: str

    @property
    def table(self) -> pd.DataFrame:
        """A row a try: group, sites, weights, math_fidelity, used, nearest_limit, kept."""
        return pd.DataFrame(
            {
                "group": one.group,
                "sites": one.sites,
                "weights": one.series,
                "math_fidelity": one.column,
                "used_share_of_limit": one.most,
                "nearest_limit": one.nearest,
                "kept": one.kept,
            }
            for one in self.tries
        )

    @property
    def provenance(self) -> str:
        """One line that belongs beside every figure."""
        return (
            f"emulated, {self.tier} tier; one sentence, with durations and F0 of its own; "
            "weights rounded to what the fidelity takes, activations and outputs bfloat16, Dst 32 "
            "bits; all other parts and the reference: PyTorch float32"
        )


def sweep(
    voice: Voice,
    text: str,
    plans: Sequence[Plan] = (),
    tier: str = "fast",
    seed: int = 0,
) -> Sweep:
    """Say a text once for every part, format and fidelity, for the whole voice, and for plans.

    Args:
        voice: from `lightning_v2.load`.
        text: any text; a short one, as it is said about a hundred times.
        plans: that fit the voice.
        tier: how the emulator computes.
        seed: of the noise.

    Raises:
        PlanError: a plan names a site that the voice does not have.
    """
    said = voice.synthesize(text, seed=seed)
    groups = groups_of(voice)
    levels = {
        (weights, fidelity): called_precisions(voice, _everywhere(voice, weights, fidelity))
        for weights in FORMATS
        for fidelity in FIDELITIES
    }
    tries = []
    for group, sites in groups.items():
        for (weights, fidelity), precisions in levels.items():
            if group == PHASE and (weights, fidelity) != (FORMATS[0], FIDELITIES[0]):
                continue
            low = {site: precisions[site] for site in sites if site in precisions}
            speech, used = _said(voice, said, low, f"{weights} {fidelity} in {group}", tier)
            column = "any fidelity" if group == PHASE else fidelity
            tries.append(Try(group, len(sites), weights, column, speech, used))
    for plan in plans:
        asked = {"tier": tier, "seed": seed, "layers": False}
        free = compare(voice, text, plan, teacher_forced=False, **asked)
        forced = compare(voice, text, plan, **asked)
        used = _used(forced.metrics, "teacher-forced") | _used(free.metrics, "free-running")
        count = len(groups[WHOLE])
        tries.append(Try(PLANS, count, plan.name, plan.name, free.candidate, used))
    return Sweep(said, tuple(tries), tier)


def groups_of(voice: Voice) -> dict[str, list[str]]:
    """Group -> names of its sites, of the groups that there are."""
    sites = voice_sites(voice)
    phase = [site.name for site in phase_sites(sites)] if sums_phase(sites) else []
    groups: dict[str, list[str]] = {
        part: [name for name in names if name not in phase]
        for part, names in parts_of(voice).items()
    }
    groups[PHASE] = phase
    groups[WHOLE] = [site.name for site in sites if site.name not in phase]
    return {group: names for group, names in groups.items() if names}


def _everywhere(voice: Voice, weights: str, fidelity: str) -> Plan:
    """A plan that treats all sites alike."""
    plan = Plan.parse(
        f"{{name: {weights} {fidelity}, default: {{weights: {weights}, "
        f"weights_rounding: fidelity, activations: bfloat16, output: bfloat16, "
        f"math_fidelity: {fidelity}, fp32_dest_acc_en: true}}}}"
    )
    plan.check(voice_sites(voice))
    return plan


def _said(
    voice: Voice, said: Speech, low: Mapping[str, SitePrecision], name: str, tier: str
) -> tuple[Speech, dict[str, float]]:
    """The text of `said` again with some sites low, and what it uses of each limit."""

    def again(forced: Speech | None) -> Speech:
        with (
            tensix.use(tier=tier),
            tensix.intercept(voice.model, low.get),
            executed_by(voice.model, None, name, tier),
        ):
            return voice.synthesize(said.text, seed=said.seed, forced=forced)

    free = again(None)
    if _same_prosody(said, free):
        return free, _used(measure(said, free)[0], "teacher-forced")
    used = _used(measure(said, free)[0], "free-running")
    # With durations and F0 given, sites that decide nothing else are not heard.
    if not _all_match(low, voice.prosody_sites):
        used |= _used(measure(said, again(said))[0], "teacher-forced")
    return free, used


def _same_prosody(one: Speech, other: Speech) -> bool:
    return (
        len(one.waveform) == len(other.waveform)
        and np.array_equal(one.durations, other.durations)
        and np.array_equal(one.f0, other.f0)
    )


def _all_match(sites: Collection[str], globs: Sequence[str]) -> bool:
    return all(any(fnmatchcase(site, glob) for glob in globs) for site in sites)


def _used(values: Mapping[str, float], run: Run) -> dict[str, float]:
    """Label of each limit of a run -> how much of it is used, of those that have a value."""
    return {
        endpoint.label: used_share(endpoint, _judged(endpoint, values[endpoint.column]))
        for endpoint in ENDPOINTS
        if endpoint.run == run
        and not endpoint.void
        and not np.isnan(values.get(endpoint.column, np.nan))
    }


def _judged(endpoint: Endpoint, value: float) -> float:
    return abs(value) if "magnitude" in endpoint.statistic else value
