"""Phone encoder, predictors and decoder of the natural voice on the device.

Letters: B sentences, P phones, S steps and T frames of a bucket, C channels.
"""

import torch.nn.functional as F
from torch import Tensor

from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.layers import stack, transformers
from lightning_v2.deployment.lowering.runner import Function, Runner
from lightning_v2.deployment.lowering.taps import side_by_side, with_columns
from lightning_v2.model.natural.config import PITCH_COLUMNS
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.prosody import Encoder
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
        neighbours: DeviceTensor | None = None,
    ) -> tuple[tuple[DeviceTensor, ...], tuple[DeviceTensor, ...]]:
        """Phones to hidden vectors and, if neighbours are given, logarithms of durations.

        Args:
            phones: indices (B, P), one more than those of the network, and 0 for padding.
            mask: (B, P, 1), 1 for phones and 0 for padding. keys: (B, 1, 1, P), 0 for phones and a
                large negative number for padding.
            view: off with the padding, (B, P, ·).
            neighbours: (B, P * taps) the phones around each phone, counted through the batch;
                beyond the edges of a sentence B * P.

        Returns:
            To stay on the device: tables of hidden vectors (R, C), for what predicts and for the
            decoder: a row for each phone of the batch, and rows of zeros after them.
            To be fetched: (B, P, 1).
        """
        run, network = self._run, self._network
        hidden, text = (
            self._encoded(path, getattr(network, path), phones, mask, keys, view)
            for path in ("encoder", "text")
        )
        with run.leaving():
            tables = self._table("prosody.input", hidden), self._table("decoder.input", text)
        if neighbours is None:
            return tables, ()
        layer, site = network.duration.input, "duration.input"
        alike = run.rows_dtype(site) == run.rows_dtype("prosody.input")
        table = tables[0] if alike else self._table(site, hidden)
        x = self._windows(table, neighbours, layer.kernel)
        gelu = Function("duration.gelu", "gelu")
        x = run.taps(site, x, layer, side_by_side(layer), view, gelu)
        with run.leaving():
            x = run.linear("duration.output", x, network.duration.output, view)
        return tables, (x,)

    def _encoded(
        self,
        path: str,
        encoder: Encoder,
        phones: DeviceTensor,
        mask: DeviceTensor,
        keys: DeviceTensor,
        view: View,
    ) -> DeviceTensor:
        run, blocks = self._run, f"{path}.convolutions"
        table = run.table(f"{blocks}.0.depthwise", encoder.embedding.weight, _after_zero)
        with run.convolving():
            x = run.rows(phones, table)
        x = stack(run, blocks, x, encoder.convolutions, view, mask)
        norm = f"{path}.norm", encoder.norm
        return transformers(run, f"{path}.layers", x, encoder.layers, keys, view, norm)

    def prosody(
        self,
        hidden: DeviceTensor,
        indices: DeviceTensor,
        view: View,
        mask: DeviceTensor,
    ) -> tuple[DeviceTensor, DeviceTensor]:
        """Hidden vectors of phones to pitch and energy of the two frames of each step.

        Args:
            hidden: (R, C), a table as `encode` makes it.
            indices: (B, S) the phone of each step, counted through the batch.
            view: off with the padding, (B, S, ·).
            mask: (B, S, 1), 1 for steps and 0 for padding.

        Returns:
            (B, S, 2) each.
        """
        run, prosody = self._run, self._network.prosody
        x = run.linear("prosody.input", run.rows(indices, hidden), prosody.input, view)
        x = run.masked(x, mask, run.precision("prosody.input").output)
        x = stack(run, "prosody.blocks", x, prosody.blocks, view, mask)
        with run.leaving():
            pitch = run.linear("prosody.pitch", x, prosody.pitch, view)
            return pitch, run.linear("prosody.energy", x, prosody.energy, view)

    def decode(
        self,
        text: DeviceTensor,
        neighbours: DeviceTensor,
        columns: DeviceTensor,
        view: View,
        mask: DeviceTensor,
    ) -> DeviceTensor:
        """Phones and the pitch of frames to channels for the vocoder.

        Args:
            text: (R, C), a table as `encode` makes it.
            neighbours: (B, T * taps) the phones of the frames around each frame, counted through
                the batch; beyond the edges B * P.
            columns: (B, T, 32) pitch and energy of these frames, as `self.columns` says.
            view: off with the padding, (B, T, ·).
            mask: (B, T, 1), 1 for frames and 0 for padding.

        Returns:
            (B, T, channels).
        """
        run, decoder, site = self._run, self._network.decoder, "decoder.input"
        x = self._windows(text, neighbours, decoder.input.kernel)
        order = with_columns(decoder.input, PITCH_COLUMNS)
        x = run.taps(site, run.ops.concat([x, columns], -1), decoder.input, order, view)
        x = run.masked(x, mask, run.precision(site).output)
        x = stack(run, "decoder.blocks", x, decoder.blocks, view, mask)
        return run.layer_norm("decoder.norm", x, decoder.norm, view)

    def columns(self, columns: Tensor) -> Tensor:
        """Pitch and energy of the frames around each frame, as `decode` takes them.

        Args:
            columns: (1, T, 32), those after pitch and energy zero.

        Returns:
            (1, T, 32).
        """
        return self._network.decoder.input.windows(columns)[..., :TILE]

    def _table(self, site: str, x: DeviceTensor) -> DeviceTensor:
        """The rows of x (B, P, C) as `site` looks them up, and a tile of zeros after them."""
        run, ops = self._run, self._run.ops
        batch, phones, channels = x.shape
        rows = ops.reshape(x, (batch * phones, channels))
        rows = ops.typecast(rows, run.rows_dtype(site))
        return run.untiled(ops.pad(rows, ((0, TILE), (0, 0))))

    def _windows(self, table: DeviceTensor, neighbours: DeviceTensor, taps: int) -> DeviceTensor:
        """Rows of a table (R, C) side by side, those of the neighbours, (B, T, taps * C)."""
        gathered = self._run.rows(neighbours, table)
        several, rows, channels = gathered.shape
        return self._run.ops.reshape(gathered, (several, rows // taps, taps * channels))


def _after_zero(table: Tensor) -> Tensor:
    """Rows after one of zeros, which is that of padding."""
    return F.pad(table, (0, 0, 1, 0))
