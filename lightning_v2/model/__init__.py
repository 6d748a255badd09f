"""The voice: plain PyTorch."""

from lightning_v2.model.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from lightning_v2.model.config import HOP, SAMPLE_RATE, StackConfig, VoiceConfig
from lightning_v2.model.network import Network
from lightning_v2.model.speech import Speech
from lightning_v2.model.voice import DEFAULT_VOICE, Voice, load

__all__ = [
    "DEFAULT_VOICE",
    "HOP",
    "SAMPLE_RATE",
    "CheckpointError",
    "Network",
    "Speech",
    "StackConfig",
    "Voice",
    "VoiceConfig",
    "load",
    "load_checkpoint",
    "save_checkpoint",
]
