"""Runs a voice under a precision plan: emulated, or with ttnn on a device.

from lightning_v2.deployment import Deployment, open_device

with open_device("mock", "n150") as device:
    deployment = Deployment(voice, "lightning-v2", device)
    speech = deployment.synthesize("Hello there.")
"""

import lazy_loader

# Imported on first use: the command line asks this room before it needs torch.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
