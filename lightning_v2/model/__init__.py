"""The voice: plain PyTorch."""

from lightning_v2.model.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from lightning_v2.model.config import HOP, SAMPLE_RATE, StackConfig, VoiceConfig
from lightning_v2.model.formats import load
from lightning_v2.model.network import Network
from lightning_v2.model.protocol import Voice
from lightning_v2.model.speech import Speech
from lightning_v2.model.voice import SourceFilterVoice

__all__ = [
    "HOP",
    "SAMPLE_RATE",
    "CheckpointError",
    "Network",
    "SourceFilterVoice",
    "Speech",
    "StackConfig",
    "Voice",
    "VoiceConfig",
    "load",
    "load_checkpoint",
    "save_checkpoint",
]
