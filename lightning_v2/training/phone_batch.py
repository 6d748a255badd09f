"""Phones of whole sentences, as every training draws them. Letters: B batch, P phones."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True)
class PhoneBatch:
    """Sentences, padded.

    Attributes:
        phones: int64 (B, P).
        mask: (B, P, 1) of 1 and 0.
        log_durations: (B, P).
    """

    phones: Tensor
    mask: Tensor
    log_durations: Tensor


def padded(rows: list[np.ndarray], device: torch.device) -> Tensor:
    """B arrays (length, ...) -> (B, the longest, ...), zeros behind the shorter ones."""
    return pad_sequence([torch.tensor(x) for x in rows], batch_first=True).to(device)


def ones(lengths: list[int], device: torch.device) -> Tensor:
    """(B, the longest, 1): 1 as far as each of B lengths, then 0."""
    return padded([np.ones((length, 1), np.float32) for length in lengths], device)
