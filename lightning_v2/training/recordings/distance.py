"""How far a voice is from recordings."""

from collections.abc import Iterable

import numpy as np
import torch

from lightning_v2.analysis.metrics.audio_metrics import lsd_db
from lightning_v2.model.natural.config import BINS, HOP, SAMPLE_RATE, STEP
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.source import LOWEST_F0
from lightning_v2.model.natural.voice import white_noise
from lightning_v2.threads import torch_threads
from lightning_v2.training.recordings.takes import FULL_SCALE, Take, with_unvoiced

_MS_PER_STEP = 1000 * STEP * HOP / SAMPLE_RATE


def distance(network: NaturalNetwork, takes: Iterable[Take]) -> dict[str, float]:
    """Errors of durations; of F0 and voicing with the recorded durations; and the log-spectral
    distance with the recorded durations and F0, means over takes.

    Args:
        network: in evaluation mode.

    Returns:
        duration_error_ms a phone; f0_median_cents, left out where no frame is voiced in both;
        voicing_error_percent of frames; lsd_db.
    """
    durations, cents, voicing, spectra = [], [], [], []
    for number, take in enumerate(takes):
        phones, steps, f0 = (
            torch.from_numpy(x)[None] for x in (take.phones, take.durations, take.f0)
        )
        noise = white_noise((1, len(take.f0), 2, BINS), np.random.default_rng(number))
        with torch.inference_mode(), torch_threads(1):
            logs = network.duration(network.encoder(phones))[0].numpy()
            told = network.acoustics(phones, steps).f0
            frames = network.acoustics(phones, steps, with_unvoiced(f0, told))
            wave = network.wave(frames, torch.from_numpy(noise))[0].numpy()
        timed = told[0].numpy()
        durations.append(np.abs(np.expm1(logs) - np.expm1(take.log_durations)) * _MS_PER_STEP)
        both = (timed > LOWEST_F0) & (take.f0 > 0)
        cents.append(np.abs(1200 * np.log2(timed[both] / take.f0[both])))
        voicing.append((timed > LOWEST_F0) != (take.f0 > 0))
        spectra.append(lsd_db(take.wave / np.float32(FULL_SCALE), wave, SAMPLE_RATE))
    found = {
        "lsd_db": np.mean([rows.mean() for rows in spectra]),
        "duration_error_ms": np.concatenate(durations).mean(),
        "voicing_error_percent": 100 * np.concatenate(voicing).mean(),
    }
    if any(map(len, cents)):
        found["f0_median_cents"] = np.median(np.concatenate(cents))
    return {name: float(value) for name, value in found.items()}
