"""The voice: plain PyTorch."""

from .checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from .config import HOP, SAMPLE_RATE, StackConfig, VoiceConfig
from .network import Network
from .speech import Speech
from .voice import DEFAULT_VOICE, Voice, load

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
