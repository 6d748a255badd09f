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
    from . import tensix
    from .analysis.compare import Comparison, compare
    from .analysis.localisation import Localisation, localise
    from .analysis.module_comparison import compare_module
    from .analysis.tiers import compare_tiers
    from .cache import cached
    from .deployment.buckets import Buckets
    from .deployment.deployment import Deployment
    from .deployment.emulate import emulate
    from .deployment.rehearsal import rehearse
    from .deployment.target import open_device
    from .errors import LightningError
    from .model import CheckpointError, Speech, Voice, load
    from .precision import FLOAT32, Plan, PlanError
    from .search.check import Check, check
    from .text import TextError, UnspokenWarning

_HOME = {
    "Check": ".search.check",
    "Comparison": ".analysis.compare",
    "cached": ".cache",
    "check": ".search.check",
    "compare": ".analysis.compare",
    "compare_module": ".analysis.module_comparison",
    "compare_tiers": ".analysis.tiers",
    "Localisation": ".analysis.localisation",
    "localise": ".analysis.localisation",
    "Buckets": ".deployment.buckets",
    "Deployment": ".deployment.deployment",
    "emulate": ".deployment.emulate",
    "open_device": ".deployment.target",
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
