"""Parts of a voice, or kinds of operations, that run low by themselves: which of them is heard?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from lightning_v2 import tensix
from lightning_v2.analysis.metrics.audio_metrics import measure
from lightning_v2.analysis.metrics.complaints.complaints import complaints
from lightning_v2.analysis.sites.isolated import called_precisions
from lightning_v2.executors import executed_by
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice

KINDS = {
    "transposed convolutions": ("conv_transpose1d", "conv_transpose2d"),
    "convolutions": ("conv1d", "conv2d"),
    "linear layers": ("linear", "addmm"),
    "products of activations": ("matmul", "bmm", "baddbmm"),
    "recurrent layers": ("lstm", "gru", "rnn_tanh"),
    "norms": ("layer_norm", "group_norm", "instance_norm", "batch_norm", "rms_norm"),
    "softmax": ("softmax", "log_softmax"),
    "running sums": ("cumsum", "phase"),
    "angles: sin, cos, atan": ("sin", "cos", "tan", "atan", "atan2"),
    "exponentials": ("exp", "exp2", "expm1", "log", "log1p"),
}
"""Kind of operation -> names of torch functions."""

REST = "everything else"


@dataclass(frozen=True, eq=False)
class Alone:
    """One group of sites in low precision, all others in float32.

    Attributes:
        group: its name.
        sites: of it, in the order in which they run.
        free: they decide about time or pitch, so that nothing was given.
        plan: name of the one that the group follows.
        tier: of the emulation.
        reference, candidate: what was said.
        values: of `metric.METRICS` and `complaints.COMPLAINTS`.
    """

    group: str
    sites: tuple[str, ...]
    free: bool
    plan: str
    tier: str
    reference: Speech
    candidate: Speech
    values: Mapping[str, float]


def each_alone(
    voice: Voice,
    text: str,
    plan: Plan | str | Path,
    groups: Mapping[str, Sequence[str]],
    tier: str = "fast",
    seed: int = 0,
) -> list[Alone]:
    """Say a text once for every group, with that group alone as in a plan.

    Args:
        voice: from `lightning_v2.load`.
        text: any text.
        plan: name, path or `Plan`.
        groups: name -> sites. A group of nothing but `prosody_sites` speaks freely, all others with
            the durations and F0 of float32.
        tier: how the emulator computes.
        seed: of the noise.

    Raises:
        PlanError: the plan does not parse or names a site that the voice does not have.
    """
    plan = for_voice(Plan.of(plan), voice_sites(voice))
    plan.check(voice_sites(voice))
    precisions = called_precisions(voice, plan)
    said = voice.synthesize(text, seed=seed)
    found = []
    for group, sites in groups.items():
        chosen = {site: precisions[site] for site in sites if site in precisions}
        free = all(_matches(site, voice.prosody_sites) for site in sites)
        with (
            tensix.use(tier=tier),
            tensix.intercept(voice.model, chosen.get),
            executed_by(voice.model, None, f"{plan.name}, {group} alone", tier),
        ):
            candidate = voice.synthesize(text, seed=seed, forced=None if free else said)
        values, _ = measure(said, candidate)
        values |= complaints(said, candidate)
        found.append(Alone(group, tuple(sites), free, plan.name, tier, said, candidate, values))
    return found


def _matches(site: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(site, glob) for glob in globs)


def kinds_of(voice: Voice) -> dict[str, list[str]]:
    """Kind of operation -> names of the sites, of the kinds that there are."""
    kind_of = {op: kind for kind, ops in KINDS.items() for op in ops}
    found: dict[str, list[str]] = {kind: [] for kind in (*KINDS, REST)}
    for site in voice_sites(voice):
        found[kind_of.get(site.op, REST)].append(site.name)
    return {kind: sites for kind, sites in found.items() if sites}
