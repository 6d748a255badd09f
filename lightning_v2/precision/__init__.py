"""Precision plans: what runs in which format and fidelity, and how much of a model that is."""

from lightning_v2.precision.coverage import Coverage, voice_sites
from lightning_v2.precision.plan import Plan, PlanError, Rule, presets
from lightning_v2.precision.reference import FLOAT32, Float32, Reference, reference_of

__all__ = [
    "FLOAT32",
    "Coverage",
    "Float32",
    "Plan",
    "PlanError",
    "Reference",
    "Rule",
    "presets",
    "reference_of",
    "voice_sites",
]
