"""How natural a clip sounds to DNSMOS, a model of listeners that hears one signal.

C. Reddy et al., "DNSMOS P.835" (2022), and "DNSMOS" (2021) for P.808: the networks and what belongs
to them are those of the package `speechmos`. The paper behind this project reports an overall score
of 3.872 for its voice on a GPU and of 3.801 for the same voice in low precision.
"""

import functools
import os

import numpy as np
import pandas as pd

from lightning_v2.analysis.metrics.judges.clip import RATE, heard_part, pieces
from lightning_v2.analysis.metrics.metric import DNSMOS_SCORES
from lightning_v2.analysis.metrics.sanity import refusal

WINDOW = int(9.01 * RATE)
"""Samples that the networks hear at once."""


def dnsmos(waveform: np.ndarray, sample_rate: int) -> dict[str, float]:
    """A mean opinion score, 1 to 5, for each of `metric.DNSMOS_SCORES`.

    Level, and silence before and after, change nothing: see `clip.heard_part`. A short clip is
    repeated, as the authors of DNSMOS do it, a long one heard in pieces that count by their
    length.

    Args:
        waveform: (N,).
        sample_rate: Hz.

    Returns:
        NaN for silence, and for a `sanity.refusal`.
    """
    nothing = dict.fromkeys(DNSMOS_SCORES, float("nan"))
    if refusal("dnsmos", sample_rate, waveform=waveform):
        return nothing
    clip = heard_part(waveform, sample_rate)
    if not len(clip):
        return nothing
    return dict(_scores(clip.tobytes()))


@functools.lru_cache(maxsize=64)
def _scores(samples: bytes) -> tuple[tuple[str, float], ...]:
    """Of a clip at 16 kHz; kept, because one reference meets many candidates."""
    heard = pieces(np.frombuffer(samples, np.float32), WINDOW)
    found = pd.DataFrame(judge()(np.resize(piece, WINDOW), RATE, False) for piece in heard)
    means = np.average(found, axis=0, weights=[len(piece) for piece in heard])
    scores = dict(zip(found, means.tolist(), strict=True))
    return tuple((name, scores[f"{name}_mos"]) for name in DNSMOS_SCORES)


@functools.cache
def judge():
    """One a process, on one thread: the package would take all cores for each clip."""
    import onnxruntime
    from speechmos import dnsmos as package

    folder = os.path.join(os.path.dirname(package.__file__), "dnsmos_models")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1

    class OnOneThread(package.DNSMOS):
        def __init__(self):
            names = ("sig_bak_ovr.onnx", "model_v8.onnx")
            self.onnx_sess, self.p808_onnx_sess = (
                onnxruntime.InferenceSession(
                    os.path.join(folder, name), options, providers=["CPUExecutionProvider"]
                )
                for name in names
            )

    return OnOneThread()
