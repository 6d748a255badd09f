"""A loss of one's own: what a function of two speeches says, by which plans are ranked."""

import functools
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import numpy as np

from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech
from lightning_v2.own_code import KEPT, keep, kept, made_by
from lightning_v2.search.sweep.measurements import emulated
from lightning_v2.search.sweep.sweep import measurement
from lightning_v2.search.sweep.voices import voice as voice_of

Loss = Callable[[Speech, Speech], float]

OWN = "own"
"""What `own_loss` says, in tables."""


def is_own(metric: str) -> bool:
    """Whether a metric is the name of a function, as `metric_name` writes it."""
    return metric.endswith(KEPT) or ".py:" in metric


def column_of(metric: str) -> str:
    """Of a metric, in tables."""
    return OWN if is_own(metric) else metric


def metric_name(metric: str | Loss) -> str:
    """A name that means the same metric in every process: a function is kept under it.

    Raises:
        ArgumentError: the function cannot be pickled, or FILE.py:FUNCTION is none.
    """
    if callable(metric):
        name = re.sub(r"\W+", "-", getattr(metric, "__name__", "loss")).strip("-")
        content = hashlib.sha256(cloudpickle.dumps(metric)).hexdigest()
        return str(keep(metric, f"{name}-{content[:16]}"))
    if is_own(metric):
        _function(metric, 0)
    return metric


def _file(parameters: dict) -> tuple[Path, ...]:
    return (_path(parameters["loss"]),)


@measurement("own_loss", reads=_file)
def own_loss(
    voice: str, sentence: str, plan: str, tier: str, loss: str, seed: int = 0
) -> dict[str, float]:
    """What a function says of float32 and a plan with its durations and F0; NaN is infinitely bad.

    loss: from `metric_name`.
    """
    speaker = voice_of(voice)
    reference = speaker.synthesize(sentence, seed=seed)
    candidate = emulated(speaker, sentence, plan, tier, seed, reference)
    value = float(_function(loss, _path(loss).stat().st_mtime_ns)(reference, candidate))
    return {OWN: float("inf") if np.isnan(value) else value}


def _path(name: str) -> Path:
    return Path(name if name.endswith(KEPT) else name.rpartition(":")[0])


@functools.lru_cache(maxsize=8)
def _function(name: str, _stamp: int) -> Loss:
    path = _path(name)
    found = kept(path) if path.suffix == KEPT else made_by(path, name.rpartition(":")[2])
    if not callable(found):
        raise ArgumentError(f"{path} holds no function")
    return found
