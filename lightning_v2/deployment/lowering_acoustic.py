"""Encoder, predictors and decoder on the device. Letters: P phones, T frames, C channels, H heads.

Where a layer asks for neighbouring frames or columns side by side and its inputs lie on the host,
they are put together there, before one upload.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lightning_v2.deployment.runner import DeviceTensor, Runner
from lightning_v2.model.acoustic import Decoder, PitchPredictor
from lightning_v2.model.layers import Attention, ConvNeXtBlock
from lightning_v2.model.network import Network


class LoweredAcoustics:
    """The acoustic half of the voice, run by `runner`."""

    def __init__(self, network: Network, runner: Runner):
        self._network, self._run = network, runner

    def encoder(self, phones: Tensor, features: Tensor) -> DeviceTensor:
        """Int64 (1, P), (1, P, 32) of the host -> (1, P, C) on the device."""
        encoder, run = self._network.encoder, self._run
        uploaded = run.upload(features, "encoder.features")
        known = run.linear("encoder.features", uploaded, encoder.features)
        x = run.rows("encoder.add", phones, encoder.embedding.weight)
        x = run.binary("encoder.add", "add", x, known)
        for i, block in enumerate(encoder.blocks):
            x = self._attention(f"encoder.blocks.{i}.attention", x, block.attention)
            x = convnext(run, f"encoder.blocks.{i}.convolution", x, block.convolution)
        return run.layer_norm("encoder.norm", x, encoder.norm)

    def duration(self, hidden: DeviceTensor) -> Tensor:
        """(1, P, C) on the device -> natural log durations (1, P) on the host."""
        predictor = self._network.duration
        return self._head("duration", hidden, predictor).squeeze(-1)

    def pitch(self, frames: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
        """(1, T, C), (1, T, 32) of the host -> scaled log F0 and voicing logit, (1, T) each."""
        return self._from_frames("pitch", frames, position, self._network.pitch).unbind(-1)

    def decoder(self, frames: Tensor, position_and_pitch: Tensor) -> Tensor:
        """(1, T, C), (1, T, 32) of the host -> envelope (1, T, bands) on the host."""
        return self._from_frames("decoder", frames, position_and_pitch, self._network.decoder)

    def _from_frames(
        self, path: str, frames: Tensor, position: Tensor, module: PitchPredictor | Decoder
    ) -> Tensor:
        site = f"{path}.input"
        x = self._run.upload(torch.cat([frames, position], -1), site)
        return self._head(path, self._run.linear(site, x, module.input), module)

    def _head(self, path: str, x: DeviceTensor, module: nn.Module) -> Tensor:
        run = self._run
        x = stack(run, path, x, module.blocks)
        x = run.layer_norm(f"{path}.norm", x, module.norm)
        return run.download(run.linear(f"{path}.output", x, module.output))

    def _attention(self, path: str, x: DeviceTensor, module: Attention) -> DeviceTensor:
        """Self-attention around a residual connection, (1, P, C) -> (1, P, C)."""
        run, ops = self._run, self._run.ops
        batch, time, channels = x.shape
        normed = run.layer_norm(f"{path}.norm", x, module.norm)
        joint = run.linear(f"{path}.query_key_value", normed, module.query_key_value)

        def heads(index: int, order: tuple[int, ...]) -> DeviceTensor:
            part = run.columns(joint, index * channels, (index + 1) * channels)
            split = ops.reshape(part, (batch, time, module.heads, channels // module.heads))
            return ops.permute(split, order)

        query, key, value = heads(0, (0, 2, 1, 3)), heads(1, (0, 2, 3, 1)), heads(2, (0, 2, 1, 3))
        scores = run.matmul(f"{path}.scores", query, key)
        weights = run.softmax(f"{path}.softmax", scores)
        context = run.matmul(f"{path}.context", weights, value)
        joined = ops.reshape(ops.permute(context, (0, 2, 1, 3)), (batch, time, channels))
        return run.binary(
            f"{path}.add", "add", x, run.linear(f"{path}.output", joined, module.output)
        )


def stack(run: Runner, path: str, x: DeviceTensor, blocks: nn.ModuleList) -> DeviceTensor:
    """ConvNeXt blocks in a row, (1, T, C) -> (1, T, C)."""
    for i, block in enumerate(blocks):
        x = convnext(run, f"{path}.blocks.{i}", x, block)
    return x


def convnext(run: Runner, path: str, x: DeviceTensor, block: ConvNeXtBlock) -> DeviceTensor:
    """Depthwise convolution, norm and perceptron around a residual connection."""
    y = run.depthwise(f"{path}.depthwise", x, block.depthwise)
    y = run.layer_norm(f"{path}.norm", y, block.norm)
    y = run.unary(f"{path}.gelu", "gelu", run.linear(f"{path}.up", y, block.up))
    return run.binary(f"{path}.add", "add", x, run.linear(f"{path}.down", y, block.down))
