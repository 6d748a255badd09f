"""The voice: plain PyTorch."""

from lightning_v2.model.checkpoint import CheckpointError
from lightning_v2.model.formats import load
from lightning_v2.model.protocol import Voice
from lightning_v2.model.speech import Speech

__all__ = ["CheckpointError", "Speech", "Voice", "load"]
