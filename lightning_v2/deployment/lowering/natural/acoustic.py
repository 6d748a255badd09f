"""Phone encoder, predictors and decoder of the natural voice on the device.

Letters: B sentences, P phones, S steps and T frames of a bucket, C channels.
"""

from torch import Tensor

from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.layers import attention, convnext, stack
from lightning_v2.deployment.lowering.runner import Runner, moved
from lightning_v2.deployment.lowering.taps import with_columns
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.tile import TILE


class LoweredNaturalAcoustics:
    """All of the voice before its vocoder, run by `runner`."""

    def __init__(self, network: NaturalNetwork, runner: Runner):
        self._network, self._run = network, runner

    def encode(
        self,
        phones: DeviceTensor,
        mask: DeviceTensor,
        keys: DeviceTensor,
        view: View,
        timed: bool,
    ) -> tuple[tuple[DeviceTensor, ...], tuple[DeviceTensor, ...]]:
        """Phones to hidden vectors and, if `timed`, logarithms of durations.

        Args:
            phones: indices (B, P).
            mask: (B, P, 1), 1 for phones and 0 for padding. keys: (B, 1, 1, P), 0 for phones and a
                large negative number for padding.
            view: off with the padding, (B, P, ·).

        Returns:
            To stay on the device (B, P, C), to be fetched (B, P, 1).
        """
        encoder, run = self._network.encoder, self._run
        first = "encoder.convolution"
        table = run.table(f"{first}.depthwise", encoder.embedding.weight)
        stored = run.rows_dtype(f"{first}.depthwise")
        x = run.rows(phones, table)
        x = convnext(run, first, x, encoder.convolution, view, stored, mask)
        for i, (attending, block) in enumerate(zip(encoder.attention, encoder.blocks, strict=True)):
            path = f"encoder.attention.{i}"
            x = attention(run, path, x, attending, keys, view)
            stored = run.precision(f"{path}.add").output
            x = convnext(run, f"encoder.blocks.{i}", x, block, view, stored, mask)
        with run.leaving():
            hidden = run.layer_norm("encoder.norm", x, encoder.norm, view)
        if not timed:
            return (hidden,), ()
        duration, stored = self._network.duration, run.precision("encoder.norm").output
        x = convnext(run, "duration.block", hidden, duration.block, view, stored, mask)
        x = run.layer_norm("duration.norm", x, duration.norm, view)
        with run.leaving():
            return (hidden,), (run.linear("duration.output", x, duration.output, view),)

    def prosody(
        self,
        hidden: DeviceTensor,
        indices: DeviceTensor,
        view: View,
        mask: DeviceTensor | None = None,
    ) -> tuple[DeviceTensor, DeviceTensor]:
        """Hidden vectors of phones to pitch and energy of the two frames of each step.

        Args:
            hidden: (B, P, C) of phones.
            indices: (B, S) the phone of each step, counted through the batch.
            view: off with the padding, (B, S, ·).
            mask: (B, S, 1), 1 for steps and 0 for padding; not given where there is none.

        Returns:
            (B, S, 2) each.
        """
        run, prosody, source = self._run, self._network.prosody, "encoder.norm"
        batch, phones, channels = hidden.shape
        table = run.ops.reshape(hidden, (batch * phones, channels))
        x = run.rows(indices, table, source)
        stored = moved(run.precision(source).output)
        x = stack(run, "prosody.blocks", x, prosody.blocks, view, stored, mask)
        x = run.layer_norm("prosody.norm", x, prosody.norm, view)
        with run.leaving():
            pitch = run.linear("prosody.pitch", x, prosody.pitch, view)
            return pitch, run.linear("prosody.energy", x, prosody.energy, view)

    def decode(
        self,
        hidden: DeviceTensor,
        neighbours: DeviceTensor,
        columns: DeviceTensor,
        view: View,
        phones_view: View,
        mask: DeviceTensor | None = None,
    ) -> DeviceTensor:
        """Phones and the pitch of frames to channels for the vocoder.

        Args:
            hidden: (B, P, C) of phones.
            neighbours: (B, T * taps) the phones of the frames around each frame, counted through
                the batch; beyond the edges B * P.
            columns: (B, T, ·) pitch and energy of these frames, as `taps.with_columns` says.
            view: off with the padding, (B, T, ·). phones_view: the same of (B, P, ·).
            mask: (B, T, 1), 1 for frames and 0 for padding; not given where there is none.

        Returns:
            (B, T, C).
        """
        run, decoder = self._run, self._network.decoder
        text = run.linear("text", hidden, self._network.text, phones_view)
        x = run.ops.concat([self._windows(text, neighbours), columns], -1)
        order = with_columns(decoder.input, self._network.text.out_features)
        x = run.taps("decoder.input", x, decoder.input, order, view)
        stored = run.precision("decoder.input").output
        x = stack(run, "decoder.blocks", x, decoder.blocks, view, stored, mask)
        return run.layer_norm("decoder.norm", x, decoder.norm, view)

    def _windows(self, text: DeviceTensor, neighbours: DeviceTensor) -> DeviceTensor:
        """The text of every frame and of its neighbours side by side, (B, T, taps * C)."""
        run, ops, site = self._run, self._run.ops, "decoder.input"
        batch, phones, channels = text.shape
        table = ops.reshape(run.at(site).operand(text), (batch * phones, channels))
        table = ops.pad(run.movable_operand(table, site), ((0, TILE), (0, 0)))
        taps = self._network.decoder.input.kernel
        gathered = ops.embedding(neighbours, table)
        rows = (batch, neighbours.shape[1] // taps, taps * channels)
        return ops.reshape(gathered, rows)

    def columns(self, columns: Tensor) -> Tensor:
        """Pitch and energy of the frames around each frame, as `decode` takes them.

        Args:
            columns: (1, T, 32), those after pitch and energy zero.

        Returns:
            (1, T, 32).
        """
        return self._network.decoder.input.windows(columns)[..., :TILE]
