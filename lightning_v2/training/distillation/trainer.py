"""How a pupil is trained. Its halves are trained apart, on a core each, and then joined."""

import numpy as np
import torch
from torch import Tensor

from lightning_v2.model.natural.config import STEP, NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.prosody import F0_SCALE
from lightning_v2.model.natural.vocoder import UnboundedGain
from lightning_v2.training.distillation.dataset import Crop, Dataset, Sentences
from lightning_v2.training.distillation.losses import (
    Targets,
    encoder_losses,
    head_losses,
    hidden_losses,
    state_loss,
)
from lightning_v2.training.loop import Loop, Schedule, at
from lightning_v2.training.losses import masked_l1

STAGES = ("parts", "acoustic", "prosody", "blocks", "vocoder", "joint")

_WITHOUT_FRAMES = ("parts", "acoustic", "prosody")
"""Stages that need nothing of what the teacher says, and learn from all lessons."""

_MARGIN = {"parts": 48, "acoustic": 72, "prosody": 72}
"""Frames at an edge of a crop that do not count: what lies beyond them reaches so far."""

_LAYERS = 2
"""Of those that share their weights, how many a batch is about."""


class Trainer(Loop):
    """Trains a pupil.

    Stages: "parts" (each part of encoders and predictors by itself, on what the teacher's is
    given), "acoustic" (the whole of them), "prosody" (pitch and energy alone, on what the encoder
    says then), "blocks" (each block of the decoder by itself), "vocoder" (the whole decoder and the
    heads), "joint" (these on the pupil's own text, with the encoder that it comes from).
    """

    stages = STAGES

    def __init__(self, config: NaturalConfig, schedule: Schedule, data: Dataset):
        torch.manual_seed(schedule.seed)
        network = NaturalNetwork(config).to(data.device)
        _set_typical(network, data)
        super().__init__(network, config, schedule)
        self.data = data

    def losses(self, generator: np.random.Generator) -> dict[str, Tensor]:
        """Of one batch, by name."""
        s, data = self.schedule, self.data
        whole = s.stage not in _WITHOUT_FRAMES
        chosen = data.draw(s.crops, generator, s.crop_steps // 2, whole)
        sentences = data.sentences(chosen)
        crop = data.crop(chosen, generator, s.crop_steps, _MARGIN.get(s.stage, 6), whole)
        if s.stage == "blocks":
            return hidden_losses(self.network.decoder.blocks, crop.hidden, crop.inner)
        if s.stage == "parts":
            return self._part_losses(sentences, crop, generator)
        if s.stage == "prosody":
            with torch.no_grad():
                hidden = self.network.encoder(sentences.phones, sentences.mask)
            pitch, energy = self.network.prosody(at(hidden, crop.phone), crop.mask)
            return _prosody_losses(pitch, energy, crop)
        if s.stage == "acoustic":
            return self._acoustic_losses(sentences, crop)
        if s.stage == "vocoder":
            return self._vocoder_losses(sentences.text, crop)
        text = self.network.text(sentences.phones, sentences.mask)
        return self._vocoder_losses(text, crop) | {"text": _text_loss(text, sentences)}

    def _part_losses(
        self, sentences: Sentences, crop: Crop, generator: np.random.Generator
    ) -> dict[str, Tensor]:
        network, phones, mask = self.network, sentences.phones, sentences.mask
        text, encoder = self.data.sums(sentences)
        losses, hidden = {}, encoder[:, :, -1]
        for part, sums, output in (("text", text, sentences.text), ("encoder", encoder, hidden)):
            own = getattr(network, part)
            layers = generator.permutation(len(own.layers))[:_LAYERS].tolist()
            found = encoder_losses(own, phones, mask, sums, output, layers)
            losses |= {f"{part}_{name}": loss for name, loss in found.items()}
        predicted = network.duration(hidden, mask)
        losses["duration"] = masked_l1(predicted, sentences.log_durations, mask[..., 0])
        count = crop.inner[:, ::STEP]
        return losses | hidden_losses(network.prosody.blocks, crop.prosody, count, crop.mask)

    def _acoustic_losses(self, sentences: Sentences, crop: Crop) -> dict[str, Tensor]:
        network, phones, mask = self.network, sentences.phones, sentences.mask
        text_sums = network.text.sums(phones, mask)
        encoder_sums = network.encoder.sums(phones, mask)
        text, hidden = network.text.norm(text_sums[-1]), network.encoder.norm(encoder_sums[-1])
        sums = network.prosody.sums(at(hidden, crop.phone), crop.mask)
        pitch, energy = network.prosody.told(sums[-1])
        predicted = network.duration(hidden, mask)
        text_taught, encoder_taught = self.data.sums(sentences)
        return {
            "duration": masked_l1(predicted, sentences.log_durations, mask[..., 0]),
            "text": _text_loss(text, sentences),
            "text_sums": state_loss(text_sums, text_taught, mask[..., 0]),
            "encoder_sums": state_loss(encoder_sums, encoder_taught, mask[..., 0]),
            "prosody_sums": state_loss(sums, crop.prosody, crop.inner[:, ::STEP]),
            **_prosody_losses(pitch, energy, crop),
        }

    def _vocoder_losses(self, text: Tensor, crop: Crop) -> dict[str, Tensor]:
        network = self.network
        frames = at(text, crop.phone.repeat_interleave(STEP, 1))
        frames = frames * crop.mask.repeat_interleave(STEP, 1)
        pitch = network.pitch_columns(crop.f0, crop.energy / ENERGY_SCALE)
        states = network.decoder.hidden(frames, pitch)
        targets = Targets.of(crop.spectra, crop.f0, self.config)
        losses = head_losses(
            network.vocoder.head, network.decoder.norm(states[-1]), targets, crop.inner
        )
        return {**losses, "hidden": state_loss(states, crop.hidden, crop.inner)}


ENERGY_SCALE = 5.0
"""What of the teacher's energy is 1 of the pupil's."""


def _prosody_losses(pitch: Tensor, energy: Tensor, crop: Crop) -> dict[str, Tensor]:
    return {
        "pitch": 6 * masked_l1(pitch, crop.f0.clamp(min=0) / F0_SCALE, crop.inner),
        "energy": masked_l1(energy, crop.energy / ENERGY_SCALE, crop.inner),
    }


def _text_loss(text: Tensor, sentences: Sentences) -> Tensor:
    return 3 * masked_l1(text, sentences.text, sentences.mask)


def _set_typical(network: NaturalNetwork, data: Dataset) -> None:
    head = network.vocoder.head
    logs = torch.from_numpy(data.lessons.typical())
    for gain, row in zip((head.harmonic_gain, head.noise_gain, head.free_gain), logs, strict=True):
        if isinstance(gain, UnboundedGain):
            continue
        bins = min(len(gain.typical), len(row))
        gain.typical[:bins] = torch.exp(row[:bins])
