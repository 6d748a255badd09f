"""A text, said under a plan: the one way in which everything else here lets a voice speak."""

from lightning_v2 import tensix
from lightning_v2.deployment.emulate import emulate
from lightning_v2.executors import executed_by
from lightning_v2.model import Speech, Voice
from lightning_v2.precision.reference import FLOAT32, Reference
from lightning_v2.tensix.intercept.interception import Observer


def speak(
    voice: Voice,
    text: str,
    plan: Reference,
    tier: str = "fast",
    *,
    seed: int = 0,
    forced: Speech | None = None,
    observer: Observer | None = None,
) -> Speech:
    """Say a text under a plan, or in PyTorch's float32, whatever is emulated around it.

    Args:
        voice: from `lightning_v2.load`.
        text: any English text.
        plan: to emulate, or `FLOAT32`.
        tier: how the emulator computes.
        seed: of the noise.
        forced: speech of the same text whose durations and F0 are taken (teacher-forced).
        observer: see `emulate`.

    Raises:
        PlanError: one of the plan's globs matches no site of the voice.
        TextError: the text cannot be spoken.
    """
    if plan == FLOAT32:
        in_float32 = tensix.intercept(voice.model, lambda site: None, observer=observer)
        with in_float32, executed_by(voice.model, None):
            return voice.synthesize(text, seed=seed, forced=forced)
    with emulate(voice, plan, tier=tier, observer=observer):
        return voice.synthesize(text, seed=seed, forced=forced)
