"""One sentence, said twice: by the reference and under a plan."""

from pathlib import Path

import pandas as pd

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.sites.block_ranges import BlockRanges
from lightning_v2.analysis.sites.isolated import Isolated
from lightning_v2.analysis.sites.layer_errors import LayerErrors
from lightning_v2.deployment.speak import speak
from lightning_v2.model import Speech
from lightning_v2.precision import Plan, Reference, reference_of, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.tensix.intercept.interception import Observer


def compare(
    voice,
    text: str,
    plan: Plan | str | Path,
    reference: Reference | str | Path = "fp32",
    teacher_forced: bool = True,
    tier: str = "fast",
    seed: int = 0,
    layers: bool = True,
    judges: bool = False,
) -> Comparison:
    """Say a text with the reference and under a plan, and measure the difference.

    Args:
        voice: from `lightning_v2.load`.
        text: any English text.
        plan: name, path or `Plan` of the candidate.
        reference: "fp32" or `FLOAT32` for PyTorch float32, not emulated; anything else is a plan to
            emulate, of which `Plan.load("fp32")` is the chip at its best.
        teacher_forced: give the candidate the reference's durations and F0, so that waveforms can
            be compared sample by sample.
        tier: how the emulator computes.
        seed: of the noise, the same for both.
        layers: measure every site as well (takes about twice as long again).
        judges: let a recogniser and DNSMOS hear both, for `words_agree_percent` and the metrics
            named `dnsmos_` (takes some seconds).

    Raises:
        PlanError: a plan does not parse or names a site that the voice does not have.
    """
    sites = voice_sites(voice)
    plan = for_voice(Plan.of(plan), sites)
    reference = reference_of(reference)
    if isinstance(reference, Plan):
        reference = for_voice(reference, sites)

    def say(plan: Reference, observer: Observer | None, forced: Speech | None) -> Speech:
        return speak(voice, text, plan, tier, seed=seed, forced=forced, observer=observer)

    if not layers:
        said = say(reference, None, None)
        candidate = say(plan, None, said if teacher_forced else None)
        table = pd.DataFrame()
    else:
        ranges = BlockRanges(plan.for_site, voice.model)
        errors = LayerErrors(
            Isolated(voice, plan, tier), ranges, lambda site: plan.for_site(site).output
        )
        said = say(reference, errors.observe_reference, None)
        forced = said if teacher_forced else None
        candidate = errors.accumulate(
            lambda observer: say(reference, observer, forced),
            lambda observer: say(plan, observer, forced),
        )
        if errors.missing():
            # Forced durations and F0 leave their predictors out: those sites are seen running
            # freely.
            errors.accumulate(
                lambda observer: say(reference, observer, None),
                lambda observer: say(plan, observer, None),
                errors.missing(),
            )
        table = errors.table()
    metrics, phase = audio_metrics.measure(said, candidate, judges)
    return Comparison(
        plan=plan,
        reference_plan=reference,
        tier=tier,
        teacher_forced=teacher_forced,
        reference=said,
        candidate=candidate,
        layers=table,
        metrics=metrics,
        phase=phase,
        judges=judges,
    )
