"""Precision plans: what runs in which format and fidelity, and how much of a model that is."""

from lightning_v2.precision.coverage import Coverage, voice_sites
from lightning_v2.precision.plan import Plan, PlanError, Rule, presets

__all__ = ["Coverage", "Plan", "PlanError", "Rule", "presets", "voice_sites"]
