"""How little precision can a text-to-speech model run on before anyone can hear it?

import lightning_v2 as lv2

voice = lv2.load()
speech = voice.synthesize("Hello there.")
plan = lv2.Plan.load("lightning-v2")
with lv2.emulate(voice, plan, tier="fast"):
    low = voice.synthesize("Hello there.")
comparison = lv2.compare(voice, "Hello there.", plan)
with lv2.open_device("silicon") as device:
    speech = lv2.Deployment(voice, plan, device).synthesize("Hello there.")
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_v2 import tensix
    from lightning_v2.analysis.compare import Comparison, compare
    from lightning_v2.analysis.sites.localisation import Localisation, localise
    from lightning_v2.analysis.sites.module_comparison import compare_module
    from lightning_v2.analysis.sites.tiers import compare_tiers
    from lightning_v2.cache import cached
    from lightning_v2.deployment.deployment import Deployment
    from lightning_v2.deployment.device.target import open_device
    from lightning_v2.deployment.emulate import emulate
    from lightning_v2.deployment.lowering.buckets import Buckets
    from lightning_v2.deployment.rehearsal import rehearse
    from lightning_v2.errors import LightningError
    from lightning_v2.model import CheckpointError, Speech, Voice, load
    from lightning_v2.precision import FLOAT32, Plan, PlanError
    from lightning_v2.search.check import check
    from lightning_v2.search.check_record import Check
    from lightning_v2.text import TextError, UnspokenWarning

_HOME = {
    "Check": ".search.check_record",
    "Comparison": ".analysis.compare",
    "cached": ".cache",
    "check": ".search.check",
    "compare": ".analysis.compare",
    "compare_module": ".analysis.sites.module_comparison",
    "compare_tiers": ".analysis.sites.tiers",
    "Localisation": ".analysis.sites.localisation",
    "localise": ".analysis.sites.localisation",
    "Buckets": ".deployment.lowering.buckets",
    "Deployment": ".deployment.deployment",
    "emulate": ".deployment.emulate",
    "open_device": ".deployment.device.target",
    "rehearse": ".deployment.rehearsal",
    "LightningError": ".errors",
    "CheckpointError": ".model",
    "Speech": ".model",
    "Voice": ".model",
    "load": ".model",
    "FLOAT32": ".precision",
    "Plan": ".precision",
    "PlanError": ".precision",
    "TextError": ".text",
    "UnspokenWarning": ".text",
}

__all__ = [
    "FLOAT32",
    "Buckets",
    "Check",
    "CheckpointError",
    "Comparison",
    "Deployment",
    "LightningError",
    "Localisation",
    "Plan",
    "PlanError",
    "Speech",
    "TextError",
    "UnspokenWarning",
    "Voice",
    "cached",
    "check",
    "compare",
    "compare_module",
    "compare_tiers",
    "emulate",
    "load",
    "localise",
    "open_device",
    "rehearse",
    "tensix",
]


def __getattr__(name: str):
    """Import on first use: `lightning-v2 --help` need not wait for torch."""
    if name == "tensix":
        return importlib.import_module(".tensix", __name__)
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
