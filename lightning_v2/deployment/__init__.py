"""Runs a voice under a precision plan: emulated, or with ttnn on a device."""

from lightning_v2.deployment.emulate import emulate

__all__ = ["emulate"]
