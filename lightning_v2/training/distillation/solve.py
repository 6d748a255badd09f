"""The linear parts of a decoder, solved by least squares instead of trained.

What goes into the first block of the teacher's decoder, and its outputs, are linear in what is
known. Letters: F frames, C channels.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

from lightning_v2.model.natural.config import STEP
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.training.distillation.dataset import Dataset

_SENTENCES = 40
_RIDGE = 1e-5


def solve_linear(network: NaturalNetwork, data: Dataset, energy_scale: float) -> None:
    """Set the decoder's first layer and the heads, for blocks that do what the teacher's do."""
    inputs, hidden, spectra = _frames(network, data, energy_scale)
    head = network.vocoder.head
    _fit(network.decoder.input, inputs, hidden[:, 0])
    x = nn.functional.layer_norm(hidden[:, -1], hidden.shape[-1:])
    lh, theta, ln, lr, phi = spectra.unbind(1)
    for gain, log in (
        (head.harmonic_gain, lh),
        (head.noise_gain, _with_free(ln, lr, head.free_gain.typical.shape[0])),
        (head.free_gain, lr),
    ):
        _fit(gain.log, x, log[:, : len(gain.typical)] - torch.log(gain.typical))
    _fit(head.harmonic_angle.output, x, theta[:, : head.harmonic_angle.output.out_features])
    _fit(head.free_angle.output, x, phi[:, : head.free_angle.output.out_features])


def _with_free(noise: Tensor, free: Tensor, bins: int) -> Tensor:
    """Log gain of noise, as strong as noise and free branch together above so many bins."""
    power = math.log(2) / 2
    above = torch.logaddexp(2 * (noise[:, bins:] + power), 2 * free[:, bins:]) / 2 - power
    return torch.cat([noise[:, :bins], above], -1)


def _frames(
    network: NaturalNetwork, data: Dataset, energy_scale: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Windows of the decoder's inputs (F, taps * columns), hidden (F, 9, C), spectra (F, 5, K)."""
    generator, rows = np.random.default_rng(0), []
    for index in data.draw(_SENTENCES, generator, 1, True):
        sentence = data.sentences([index])
        steps = int(sentence.durations.sum())
        crop = data.crop([index], generator, steps, 0, True)
        text = sentence.text[0][crop.phone[0].repeat_interleave(STEP)][None]
        pitch = network.pitch_columns(crop.f0, crop.energy / energy_scale)
        windows = network.decoder.input.windows(torch.cat([text, pitch], -1))
        rows.append((windows[0], crop.hidden[0], crop.spectra[0]))
    return tuple(torch.cat(column) for column in zip(*rows, strict=True))


def _fit(layer: nn.Linear, given: Tensor, wanted: Tensor) -> None:
    """Weights and biases of least squares, in float64."""
    x = torch.cat([given, torch.ones_like(given[:, :1])], -1).double()
    gram = x.T @ x
    gram.diagonal().add_(_RIDGE * len(x))
    solved = torch.linalg.solve(gram, x.T @ wanted.double()).float()
    with torch.no_grad():
        layer.weight.copy_(solved[:-1].T)
        layer.bias.copy_(solved[-1])
