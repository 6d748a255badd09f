"""The voice: plain PyTorch."""

from lightning_v2.model.checkpoint import CheckpointError
from lightning_v2.model.formats import load
from lightning_v2.model.natural.checkpoint import load_checkpoint, save_checkpoint
from lightning_v2.model.natural.config import HOP, SAMPLE_RATE, NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.model.protocol import Voice
from lightning_v2.model.speech import Speech

__all__ = [
    "HOP",
    "SAMPLE_RATE",
    "CheckpointError",
    "NaturalConfig",
    "NaturalNetwork",
    "NaturalVoice",
    "Speech",
    "Voice",
    "load",
    "load_checkpoint",
    "save_checkpoint",
]
