"""One sentence, said twice: by the reference and under a plan."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from lightning_v2 import tensix
from lightning_v2.deployment.emulate import emulate
from lightning_v2.precision import Plan

from . import audio_metrics
from .comparison import Comparison
from .layer_errors import LayerErrors


def compare(
    voice,
    text: str,
    plan: Plan | str | Path,
    reference: Plan | str | Path = "fp32",
    teacher_forced: bool = True,
    tier: str = "fast",
    seed: int = 0,
    layers: bool = True,
    recogniser: bool = False,
) -> Comparison:
    """Say a text with the reference and under a plan, and measure the difference.

    Args:
        voice: from `lightning_v2.load`.
        text: any English text.
        plan: name, path or `Plan` of the candidate.
        reference: "fp32" for PyTorch float32, not emulated; anything else is a plan to emulate.
        teacher_forced: give the candidate the reference's durations and F0, so that waveforms can
            be compared sample by sample.
        tier: how the emulator computes.
        seed: of the noise, the same for both.
        layers: measure every site as well (takes about as long again).
        recogniser: let a recogniser hear both, for `words_agree_percent` (takes two thirds of
            their duration).

    Raises:
        PlanError: a plan does not parse or names a site that the voice does not have.
        MemoryError: the text is too long for layer errors.
    """
    plan = _plan(plan)
    reference_plan = (
        None if isinstance(reference, str) and reference == "fp32" else _plan(reference)
    )

    def alone(site, *call):
        with tensix.use(tier=tier):
            return tensix.lower(*call, plan.for_site(site), voice.model)

    errors = LayerErrors(alone)
    with _running(voice, reference_plan, tier, errors.observe_reference if layers else None):
        said = voice.synthesize(text, seed=seed)
    forced = said if teacher_forced else None
    with _running(voice, plan, tier, errors.observe_candidate if layers else None):
        candidate = voice.synthesize(text, seed=seed, forced=forced)
    if layers and errors.missing():
        # Forced durations and F0 leave their predictors out: those sites are seen running freely.
        with _running(voice, plan, tier, errors.observe_only(errors.missing())):
            voice.synthesize(text, seed=seed)
    if reference_plan:
        said = replace(said, plan=reference_plan.name, tier=tier)
    candidate = replace(candidate, plan=plan.name, tier=tier)
    metrics, phase = audio_metrics.measure(said, candidate, recogniser)
    return Comparison(
        plan=plan,
        reference_plan=reference_plan,
        tier=tier,
        teacher_forced=teacher_forced,
        reference=said,
        candidate=candidate,
        layers=errors.table(),
        metrics=metrics,
        phase=phase,
    )


def _plan(plan: Plan | str | Path) -> Plan:
    return plan if isinstance(plan, Plan) else Plan.load(plan)


def _running(
    voice, plan: Plan | None, tier: str, observer: Callable | None
) -> AbstractContextManager:
    """Emulation of a plan, or PyTorch float32 under observation."""
    if plan:
        return emulate(voice, plan, tier=tier, observer=observer)
    return tensix.intercept(voice.model, lambda site: None, observer=observer)
