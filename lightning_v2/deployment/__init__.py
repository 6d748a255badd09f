"""Runs a voice under a precision plan: emulated, or with ttnn on a device.

from lightning_v2.deployment import Deployment, open_device

with open_device("mock", "n150") as device:
    deployment = Deployment(voice, "lightning-v2", device)
    speech = deployment.synthesize("Hello there.")
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_v2.deployment.deployment import Deployment
    from lightning_v2.deployment.device.target import open_device
    from lightning_v2.deployment.rehearsal import Rehearsal, rehearse

_HOME = {
    "Deployment": ".deployment",
    "Rehearsal": ".rehearsal",
    "open_device": ".device.target",
    "rehearse": ".rehearsal",
}

__all__ = ["Deployment", "Rehearsal", "open_device", "rehearse"]


def __getattr__(name: str):
    """Import on first use: the command line asks this room before it needs torch."""
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
