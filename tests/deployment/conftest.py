import pytest
import torch

from lightning_v2.model.config import HOP, VoiceConfig
from lightning_v2.model.network import Network


class RandomVoice:
    """The network of the voice with random weights; the text sets the number of phones."""

    def __init__(self):
        torch.manual_seed(0)
        self.model = Network(VoiceConfig()).eval()

    def synthesize(self, text):
        generator = torch.Generator().manual_seed(len(text))
        phones = torch.randint(0, 40, (1, len(text)), generator=generator)
        features = torch.zeros(1, len(text), self.model.encoder.features.in_features)
        with torch.inference_mode():
            frames = self.model.acoustics(phones, features)
            samples = frames.f0.shape[1] * HOP
            return self.model.wave(frames, torch.randn(1, samples, generator=generator))


@pytest.fixture(scope="package")
def voice():
    return RandomVoice()
