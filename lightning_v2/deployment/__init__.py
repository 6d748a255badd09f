"""Runs a voice under a precision plan."""

from lightning_v2.deployment.emulate import emulate

__all__ = ["emulate"]
