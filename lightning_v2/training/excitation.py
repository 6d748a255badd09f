"""The teacher's excitation and filter: so its source phase is known, its noise can be redrawn.

hts_engine excites a mel log spectrum approximation (MLSA) filter with one pulse a pitch period
where speech is voiced and with white noise elsewhere. Its period and its cepstra move linearly
from the value of one 5 ms frame to the next and reach a frame's value at that frame's end.
Sources: S. Imai, "Cepstral analysis synthesis on the mel frequency scale", ICASSP 1983;
T. Fukada et al., "An adaptive algorithm for mel-cepstral analysis of speech", ICASSP 1992.
"""

import numba
import numpy as np

from lightning_v2.training.teacher import CEPSTRA, FRAME, SAMPLE_RATE, WARPING

# coefficients of the 5th order Pade approximation of exp that MLSA filters use
_PADE = np.array([1.0, 0.4999391, 0.1107098, 0.01369984, 0.0009564853, 0.00003041721])


@numba.njit(cache=True)
def _pulse_counter(period):
    pulses = np.empty(len(period) * FRAME, np.int64)
    runs = np.empty(len(period) * FRAME, np.int64)
    count, run, current, elapsed = 0, -1, 0.0, 0.0
    for k in range(len(period)):
        if current > 0 and period[k] > 0:
            step = (period[k] - current) / FRAME
        else:
            step = 0.0
            current = period[k]
            elapsed = period[k]
            if period[k] > 0:
                run += 1
        if current > 0:
            for j in range(FRAME):
                elapsed += 1.0
                if elapsed >= current:
                    pulses[count] = k * FRAME + j
                    runs[count] = run
                    count += 1
                    elapsed -= current
                current += step
        current = period[k]
    return pulses[:count], runs[:count]


def pulse_instants(f0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Instants of the teacher's pulses.

    Args:
        f0: (K,) Hz a 5 ms frame, 0 where unvoiced.

    Returns:
        Sample index (at 32 kHz) of each pulse, and the number of the voiced run it belongs to.
    """
    voiced = f0 > 0
    period = np.where(voiced, SAMPLE_RATE / np.where(voiced, f0, 1), 0).astype(np.float64)
    return _pulse_counter(period)


def source_phase(f0: np.ndarray, samples: int, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Phase of the teacher's source in cycles (a pulse at every integer) and its voicing.

    Args:
        f0: (K,) Hz a 5 ms frame, 0 where unvoiced.
        samples: length N wanted.
        sample_rate: rate in Hz of the N samples.

    Returns:
        float32 (N,) phase in [0, 1), and bool (N,) voiced.
    """
    time = np.arange(samples) * (SAMPLE_RATE / sample_rate)
    voiced = (f0 > 0)[np.minimum((time / FRAME).astype(int), len(f0) - 1)]
    instants, runs = pulse_instants(f0)
    if len(instants) == 0:
        return np.zeros(samples, np.float32), voiced
    known, cycles = [], []
    cycle = 0
    for run in range(runs[-1] + 1):
        pulses = instants[runs == run].astype(np.float64)
        if len(pulses) == 0:
            continue
        period = pulses[-1] - pulses[-2] if len(pulses) > 1 else SAMPLE_RATE / 170
        known += [*pulses, pulses[-1] + period]
        cycles += range(cycle, cycle + len(pulses) + 1)
        cycle += len(pulses) + 1
    order = np.argsort(known, kind="stable")
    phase = np.interp(time, np.asarray(known)[order], np.asarray(cycles, np.float64)[order])
    return (phase - np.floor(phase)).astype(np.float32), voiced


@numba.njit(cache=True)
def _mlsa(excitation, filters, pade, alpha):
    """Filter by the MLSA digital filter whose coefficients move linearly within each frame."""
    order = filters.shape[1] - 1
    stages = len(pade) - 1
    out = np.empty(len(excitation))
    coefficients = filters[0].copy()
    step = np.empty(order + 1)
    first = np.zeros((stages + 1, 2))
    second = np.zeros((stages + 1, order + 2))
    outputs_1 = np.zeros(stages + 1)
    outputs_2 = np.zeros(stages + 1)
    complement = 1 - alpha * alpha
    for n in range(len(excitation)):
        frame = n // FRAME
        if n % FRAME == 0:
            if frame > 0:
                coefficients[:] = filters[frame - 1]
            step[:] = (filters[frame] - coefficients) / FRAME
        x = excitation[n] * np.exp(coefficients[0])
        # the part of coefficient 1
        total = 0.0
        for i in range(stages, 0, -1):
            first[i, 1] = complement * outputs_1[i - 1] + alpha * first[i, 1]
            outputs_1[i] = first[i, 1] * coefficients[1]
            value = outputs_1[i] * pade[i]
            x += value if i % 2 else -value
            total += value
        outputs_1[0] = x
        x += total
        # the part of coefficients 2 and above
        total = 0.0
        for i in range(stages, 0, -1):
            delay = second[i]  # a chain of all-pass sections, stored one section late
            delay[1] = complement * outputs_2[i - 1] + alpha * delay[1]
            value = 0.0
            for m in range(2, order + 1):
                delay[m] += alpha * (delay[m + 1] - delay[m - 1])
                value += delay[m] * coefficients[m]
            for m in range(order + 1, 1, -1):
                delay[m] = delay[m - 1]
            outputs_2[i] = value
            value *= pade[i]
            x += value if i % 2 else -value
            total += value
        outputs_2[0] = x
        out[n] = x + total
        coefficients += step
    return out


def resynthesize(f0: np.ndarray, cepstra: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Speak the teacher's own parameters again with another draw of its noise.

    Args:
        f0: (K,) Hz a 5 ms frame, 0 where unvoiced.
        cepstra: (K, 45) mel-cepstra, alpha 0.45.
        noise: (K * 160,) white noise of unit variance.

    Returns:
        float32 (K * 160,) at 32 kHz, full scale 1.
    """
    excitation = np.where(np.repeat(f0 > 0, FRAME), 0.0, noise)
    instants, _ = pulse_instants(f0)
    voiced = f0 > 0
    period = np.where(voiced, SAMPLE_RATE / np.where(voiced, f0, 1), 0)
    excitation[instants] = np.sqrt(period[instants // FRAME])
    filters = cepstra.astype(np.float64).copy()
    for m in range(CEPSTRA - 2, -1, -1):  # mel-cepstra to MLSA filter coefficients
        filters[:, m] -= WARPING * filters[:, m + 1]
    return (_mlsa(excitation, filters, _PADE, WARPING) / 32768).astype(np.float32)
