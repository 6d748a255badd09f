"""What came out of saying one text twice."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lightning_v2.analysis.metrics.endpoints import Run
from lightning_v2.analysis.metrics.sound.phase import PhaseDrift
from lightning_v2.analysis.metrics.unmeasured import reasons
from lightning_v2.analysis.sites.site_values import SiteValues
from lightning_v2.model import Speech
from lightning_v2.precision import FLOAT32, Plan, Reference


@dataclass(frozen=True, eq=False)
class Comparison(SiteValues):
    """What came out of `compare`. S sites.

    Attributes:
        plan: of the candidate.
        reference_plan: of the reference, which may be `FLOAT32`.
        tier: of every emulation in it.
        teacher_forced: the candidate has the reference's durations and F0.
        reference: what is right.
        candidate: what the plan makes of it.
        layers: a row a site (S rows), see `LayerErrors.table`.
        metrics: the names of `audio_metrics.METRICS`; NaN where there is no value, see
            `unmeasured`.
        phase: how it has moved; less can be said where the durations differ.
        judges: a recogniser and DNSMOS have heard both.
    """

    plan: Plan
    reference_plan: Reference
    tier: str
    teacher_forced: bool
    reference: Speech
    candidate: Speech
    layers: pd.DataFrame
    metrics: dict[str, float]
    phase: PhaseDrift
    judges: bool = False

    @property
    def difference(self) -> np.ndarray:
        """Candidate minus reference (N,), N the length of the shorter one."""
        count = min(len(self.reference.waveform), len(self.candidate.waveform))
        return self.candidate.waveform[:count] - self.reference.waveform[:count]

    @property
    def unmeasured(self) -> dict[str, str]:
        """Name of each metric that is NaN -> why."""
        return reasons(self.reference, self.candidate, self.aligned, self.metrics, self.judges)

    @property
    def run(self) -> Run:
        """Which limits apply."""
        return "teacher-forced" if self.teacher_forced else "free-running"

    @property
    def aligned(self) -> bool:
        """Whether sample n of the candidate belongs to sample n of the reference."""
        return self.phase.aligned

    @property
    def reference_name(self) -> str:
        """Name of the reference's plan, "PyTorch float32" where it has none."""
        return self.reference_plan.name

    @property
    def reference_words(self) -> str:
        """How the reference was computed."""
        if self.reference_plan == FLOAT32:
            return f"{self.reference_name}, not emulated"
        return f"plan {self.reference_name}, emulated, {self.tier} tier"

    @property
    def candidate_words(self) -> str:
        """How the candidate was computed."""
        return f"plan {self.plan.name}, emulated, {self.tier} tier"

    @property
    def provenance(self) -> str:
        """One line that belongs beside every figure."""
        return f"{self.candidate_words} · reference: {self.reference_words} · {self.run}"
