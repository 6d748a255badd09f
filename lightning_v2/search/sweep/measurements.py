"""The measurements of a voice: each is one sentence, said under a plan or changed, against float32.

Plans travel as YAML (`plan_text`), sentences as text, voices by name. Where the fast or the exact
tier is named, values are *emulated*.
"""

import functools
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lightning_v2 import tensix
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.metrics.alignment import pairing
from lightning_v2.analysis.metrics.judges import recogniser, words
from lightning_v2.analysis.metrics.judges.naturalness import dnsmos
from lightning_v2.analysis.metrics.metric import DNSMOS_SCORES
from lightning_v2.analysis.metrics.recording import distances, phone_ends
from lightning_v2.analysis.metrics.recording import read as read_recording
from lightning_v2.analysis.metrics.sanity import flaw
from lightning_v2.analysis.metrics.sound.spectrogram import HOP
from lightning_v2.analysis.verdict.controls import control as control_of
from lightning_v2.deployment.speak import speak
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech, Voice
from lightning_v2.model.protocol import language_of
from lightning_v2.precision import Plan
from lightning_v2.resources import data_path
from lightning_v2.search.sweep.sweep import measurement
from lightning_v2.search.sweep.voices import voice as voice_of

_KNOWN = {
    "samples": ("samples", "frames", "nothing"),
    "frames": ("frames", "nothing"),
    "nothing": ("nothing",),
}
"""What of two speeches belongs together -> what metrics may need."""

INFINITELY_BAD = {"higher": float("-inf"), "lower": float("inf"), "zero": float("inf")}


def plan_text(plan: Plan) -> str:
    """A plan as parameter of a unit: without name and description, which change no result."""
    return replace(plan, name="", description="").to_yaml()


@measurement("teacher_forced")
def teacher_forced(
    voice: str, sentence: str, plan: str, tier: str, seed: int = 0, reference: str | None = None
) -> dict:
    """A plan with the durations and F0 of float32: all `audio_metrics.METRICS`, and `frames`.

    reference: the voice whose float32 that is; this one if not given.
    """
    speaker = voice_of(voice)
    said = _said(voice_of(reference or voice), sentence, seed)
    return _measured(said, emulated(speaker, sentence, plan, tier, seed, said))


@measurement("free_running")
def free_running(
    voice: str, sentence: str, plan: str, tier: str, seed: int = 0, reference: str | None = None
) -> dict:
    """A plan that predicts durations and F0 itself, frames paired by phones; what DNSMOS makes of
    it; and what is `heard`.

    What needs sample to belong to sample is missing. Hold `heard` and DNSMOS against those of
    `alone`, by `words_heard` and `naturalness_change`; `heard` is None where both have the same
    bits.
    """
    speaker = voice_of(voice)
    said = _said(voice_of(reference or voice), sentence, seed)
    candidate = emulated(speaker, sentence, plan, tier, seed, None)
    return {
        **_measured(said, candidate),
        **_naturalness(candidate, ""),
        "heard": _heard_anew(speaker, said, candidate),
    }


@measurement("alone")
def alone(voice: str, sentence: str, seed: int = 0) -> dict:
    """What judges of one signal make of float32, which is the same for all plans: DNSMOS, and what
    the recogniser has `heard`."""
    speaker = voice_of(voice)
    speech = _said(speaker, sentence, seed)
    return {**_naturalness(speech, "_reference"), "heard": _heard(speaker, speech)}


def _presets(parameters: dict) -> list[Path]:
    """Plans that an emulated control takes from data/plans/."""
    return [data_path("plans")] if parameters["tier"] else []


@measurement("control", reads=_presets)
def control(voice: str, sentence: str, change: str, tier: str | None, seed: int = 0) -> dict:
    """A change of `analysis.controls`: as teacher_forced; of those that have to pass, `heard` as in
    free_running."""
    entry, speaker = control_of(change), voice_of(voice)
    reference = _said(speaker, sentence, seed)
    with tensix.use(threads=1):
        candidate = entry.change(speaker, reference, tier)
    values = _measured(reference, candidate)
    heard = {"heard": _heard_anew(speaker, reference, candidate)} if entry.must == "pass" else {}
    return values | heard


@measurement("against_recording")
def against_recording(
    voice: str,
    sentence: str,
    plan: str | None,
    tier: str | None,
    recording: str,
    recording_digest: str,
    seed: int = 0,
) -> dict:
    """How far speech is from a recording of the sentence: `analysis.recording.distances`.

    Plan None is float32. Durations are those of the recording, laid over it by float32 speech; F0
    is predicted. `recording` is a path on the worker, `recording_digest` the SHA-256 of the file.
    """
    content = Path(recording).read_bytes()
    if hashlib.sha256(content).hexdigest() != recording_digest:
        raise ArgumentError(f"{recording} is another recording on this worker")
    speaker = voice_of(voice)
    wave = read_recording(Path(recording), speaker.sample_rate)
    free = _said(speaker, sentence, seed)
    ends = phone_ends(wave, free.waveform, free.durations, free.sample_rate, free.hop)
    timing = replace(
        free,
        durations=np.diff(ends, prepend=np.float32(0)),
        f0=np.empty(0, np.float32),
    )
    if plan is None:
        speech = speaker.synthesize(sentence, seed=seed, forced=timing)
    else:
        speech = emulated(speaker, sentence, plan, tier, seed, timing)
    worst = {"pesq_wb_mos": float("-inf"), "stoi": float("-inf"), "mcd_db": float("inf")}
    if flaw(speech.waveform):
        return worst
    values = distances(wave, speech)
    if plan is not None:
        values |= {name: worst[name] for name, value in values.items() if np.isnan(value)}
    return values


def words_heard(sentence: str, reference: str | None, candidate: str | None) -> dict[str, float]:
    """What two hypotheses of a sentence say of each other.

    Returns:
        `words_agree_percent`; `word_error_change_points`, by how much the word error rate of the
        candidate is higher; `words` of the sentence, and those `words_right` that were heard right
        in the reference, which weigh the two. NaN of a sentence in another language than the
        recogniser's, of which there are no hypotheses.
    """
    if not isinstance(reference, str) or not isinstance(candidate, str):
        names = "words_agree_percent", "word_error_change_points", "words", "words_right"
        return dict.fromkeys(names, float("nan"))
    before, after = (words.word_errors([sentence], [heard]) for heard in (reference, candidate))
    return {
        "words_agree_percent": words.words_agree_percent(sentence, reference, candidate),
        "word_error_change_points": after["wer_percent"] - before["wer_percent"],
        "words": before["words"],
        "words_right": int(words.heard_right(sentence, reference).sum()),
    }


def naturalness_change(reference: pd.DataFrame, candidate: pd.DataFrame) -> pd.DataFrame:
    """Columns of DNSMOS that need both: those of the reference, and by how much the candidate is
    better.

    Args:
        reference: rows of `alone`, a sentence each.
        candidate: rows of `free_running`, the same sentences.
    """
    columns = {}
    for score in DNSMOS_SCORES:
        before = reference[f"dnsmos_{score}_reference_mos"].reindex(candidate.index)
        columns[f"dnsmos_{score}_reference_mos"] = before
        columns[f"dnsmos_{score}_change_mos"] = candidate[f"dnsmos_{score}_mos"] - before
    return pd.DataFrame(columns)


def _naturalness(speech: Speech, of: str) -> dict[str, float]:
    scores = dnsmos(speech.waveform, speech.sample_rate)
    return {f"dnsmos_{score}{of}_mos": value for score, value in scores.items()}


@functools.lru_cache(maxsize=128)
def _said(speaker: Voice, sentence: str, seed: int) -> Speech:
    return speaker.synthesize(sentence, seed=seed)


def emulated(
    speaker: Voice, sentence: str, plan: str, tier: str, seed: int, forced: Speech | None
) -> Speech:
    """A sentence under a plan that travels as text; `forced`: see `speak`."""
    # One process a core is at work already.
    with tensix.use(threads=1):
        return speak(speaker, sentence, _parsed(plan), tier, seed=seed, forced=forced)


@functools.lru_cache(maxsize=32)
def _parsed(plan: str) -> Plan:
    return Plan.parse(plan)


def _measured(reference: Speech, candidate: Speech) -> dict[str, float]:
    """All metrics, and the number of frames that shares of them refer to.

    What can be measured of the reference against itself but not of the candidate (one without
    voiced frames, or silent, or with a `sanity.flaw`) is infinitely bad: it is not that nothing is
    known.
    """
    frames = {"frames": -(-len(reference.waveform) // HOP)}
    values, _ = audio_metrics.measure(reference, candidate)
    known = _KNOWN[pairing(reference, candidate)]
    missing = [
        metric
        for metric in audio_metrics.METRICS
        if np.isnan(values[metric.name]) and not metric.judge and metric.needs in known
    ]
    if missing:
        itself, _ = audio_metrics.measure(reference, reference)
        for metric in missing:
            if not np.isnan(itself[metric.name]):
                values[metric.name] = INFINITELY_BAD[metric.better]
    return values | frames


def _heard_anew(speaker: Voice, reference: Speech, candidate: Speech) -> str | None:
    same = np.array_equal(reference.waveform, candidate.waveform)
    return None if same else _heard(speaker, candidate)


def _heard(speaker: Voice, speech: Speech) -> str | None:
    """Nothing of another language than the recogniser's."""
    if language_of(speaker, speech.text) != "en":
        return None
    if flaw(speech.waveform):
        return ""
    return recogniser.hypothesis(speech.waveform, speech.sample_rate)
