"""Sentences as batches of pieces, and what a stage fetches for each as a whole again.

Letters: B sentences of a batch, T frames, phones or steps.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.deployment.lowering.buckets import Buckets, Piece
from lightning_v2.deployment.lowering.constant import View
from lightning_v2.deployment.lowering.stage import Upload

Members = Sequence[int | None]
"""Sentences of a batch by number, None where nothing fills it up."""

Fetch = Callable[[Members, Piece, View], tuple[Tensor, ...]]
"""What a stage fetches for a piece of a batch, (B, size, ·) each."""

_MASKED = -1e4
"""Added to the score of a key that is padding, as `model.natural.layers.Attention` fills in."""


def by_pieces(buckets: Buckets, counts: list[int], stage: Fetch) -> list[tuple[Tensor, ...]]:
    """What `stage` fetches for sentences of so many rows, (1, T, ·) of each.

    Sentences of similar length go together, as many as their bucket takes; a long one goes in
    pieces.
    """
    of_sentence: dict[int, tuple[Tensor, ...]] = {}
    for members in buckets.groups(counts):
        present = [i for i in members if i is not None]
        parts = []
        for piece in buckets.pieces(max(counts[i] for i in present)):
            view = cropping(counts[present[0]] - piece.start)
            parts.append([x[:, piece.valid] for x in stage(members, piece, view)])
        wholes = [torch.cat(column, 1) for column in zip(*parts, strict=True)]
        for row, i in enumerate(present):
            of_sentence[i] = tuple(x[row : row + 1, : counts[i]] for x in wholes)
    return [of_sentence[i] for i in range(len(counts))]


def cut(rows: Sequence[Tensor], members: Members, piece: Piece) -> Tensor:
    """The rows of a piece of each member (1, T, …), as one batch (B, size, …) ending in zeros."""
    parts = [
        rows[0][:, :0] if i is None else rows[i][:, piece.start : piece.start + piece.size]
        for i in members
    ]
    return torch.cat(
        [F.pad(x, (*(0, 0) * (x.dim() - 2), 0, piece.size - x.shape[1])) for x in parts]
    )


def mask(counts: Sequence[int], members: Members, piece: Piece) -> Upload:
    """1 for the rows of sentences of so many, 0 for padding: (B, size, 1)."""
    ones = [torch.ones(1, count, 1) for count in counts]
    return Upload(cut(ones, members, piece), "bfloat16")


def keys(valid: Upload) -> Upload:
    """What is added to scores: a large negative number for padding, (B, 1, 1, size).

    valid: as `mask` says.
    """
    batch, size, _ = valid.values.shape
    return Upload((1 - valid.values.view(batch, 1, 1, size)) * _MASKED, "bfloat16")


def cropping(count: int) -> View:
    """Off with the padding of the only sentence of a batch."""
    return lambda x: x[:, :count]
