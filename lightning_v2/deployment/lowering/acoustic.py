"""Encoder, predictors and decoder on the device.

Letters: B sentences, P phones and T frames of a bucket, C channels.
"""

from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.layers import attention, convnext, stack
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.model.acoustic import Decoder, PitchPredictor
from lightning_v2.model.network import Network


class LoweredAcoustics:
    """The acoustic half of the voice, run by `runner`."""

    def __init__(self, network: Network, runner: Runner):
        self._network, self._run = network, runner

    def encode(
        self,
        phones: DeviceTensor,
        features: DeviceTensor,
        mask: DeviceTensor,
        keys: DeviceTensor,
        view: View,
        timed: bool,
    ) -> tuple[tuple[DeviceTensor, ...], tuple[DeviceTensor, ...]]:
        """Phones to hidden vectors and, if `timed`, natural log durations.

        Args:
            phones: indices (B, P). features: (B, P, 32).
            mask: (B, P, 1), 1 for phones and 0 for padding. keys: (B, 1, 1, P), 0 for phones and a
                large negative number for padding.
            view: off with the padding, (B, P, ·).

        Returns:
            To stay on the device (B, P, C), to be fetched (B, P, 1).
        """
        encoder, run = self._network.encoder, self._run
        known = run.linear("encoder.features", features, encoder.features, view)
        table = run.table("encoder.add", encoder.embedding.weight)
        x = run.binary("encoder.add", "add", run.rows(phones, table), known, view)
        for i, block in enumerate(encoder.blocks):
            path = f"encoder.blocks.{i}"
            x = attention(run, f"{path}.attention", x, block.attention, keys, view)
            stored = run.precision(f"{path}.attention.add").output
            x = run.masked(x, mask, stored)
            x = convnext(run, f"{path}.convolution", x, block.convolution, view)
        with run.leaving():
            hidden = run.layer_norm("encoder.norm", x, encoder.norm, view)
        if not timed:
            return (hidden,), ()
        return (hidden,), (self._head("duration", "encoder.norm", hidden, mask, view),)

    def pitch(
        self,
        hidden: DeviceTensor,
        indices: DeviceTensor,
        position: DeviceTensor,
        view: View,
        mask: DeviceTensor | None = None,
    ) -> DeviceTensor:
        """Scaled log F0 and voicing logit of frames, (B, T, 2); arguments as of `decode`."""
        return self._from_frames("pitch", hidden, indices, position, view, mask)

    def decode(
        self,
        hidden: DeviceTensor,
        indices: DeviceTensor,
        position: DeviceTensor,
        view: View,
        mask: DeviceTensor | None = None,
    ) -> DeviceTensor:
        """Frames to their envelope.

        Args:
            hidden: (B, P, C) of phones.
            indices: (B, T) the phone of each frame, counted through the batch.
            position: (B, T, 32) with the pitch in its last two columns.
            view: off with the padding, (B, T, ·).
            mask: (B, T, 1), 1 for frames and 0 for padding; not given where there is none.

        Returns:
            (B, T, bands).
        """
        return self._from_frames("decoder", hidden, indices, position, view, mask)

    def _from_frames(
        self,
        path: str,
        hidden: DeviceTensor,
        indices: DeviceTensor,
        position: DeviceTensor,
        view: View,
        mask: DeviceTensor | None,
    ) -> DeviceTensor:
        module: PitchPredictor | Decoder = getattr(self._network, path)
        run, site = self._run, f"{path}.input"
        batch, phones, channels = hidden.shape
        table = run.ops.reshape(hidden, (batch * phones, channels))
        gathered = run.rows(indices, table, "encoder.norm")
        x = run.ops.concat([run.at(site).operand(gathered), position], -1)
        x = run.linear(site, x, module.input, view)
        return self._head(path, site, x, mask, view)

    def _head(
        self, path: str, source: str, x: DeviceTensor, mask: DeviceTensor | None, view: View
    ) -> DeviceTensor:
        run, module = self._run, getattr(self._network, path)
        stored = run.precision(source).output
        x = run.masked(x, mask, stored)
        x = stack(run, f"{path}.blocks", x, module.blocks, view, mask)
        x = run.layer_norm(f"{path}.norm", x, module.norm, view)
        with run.leaving():
            return run.linear(f"{path}.output", x, module.output, view)
