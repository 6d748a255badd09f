"""What a small offline recogniser hears: pocketsphinx with its own English model."""

import functools
import multiprocessing
import re

import jiwer
import numpy as np
import soxr
from tqdm import tqdm

from lightning_v2.analysis.metrics.sanity import refusal
from lightning_v2.errors import ArgumentError
from lightning_v2.text import normalize

_RATE = 16000


@functools.lru_cache(maxsize=1024)
def spelled(text: str) -> str:
    """A text as the recogniser would write it: lower-case words without punctuation."""
    words = normalize(text).text.lower()
    return re.sub(r"\s+", " ", re.sub(r"[.,?!]", " ", words)).strip()


def hypothesis(waveform: np.ndarray, sample_rate: int) -> str:
    """What the recogniser hears in a waveform (N,), in lower-case words; "" for nothing.

    It hears words in noise and in the faintest hum; only digital silence (in 16 bits) never reaches
    it. It takes about a third of the duration of the waveform, on one core.

    Raises:
        ArgumentError: it must not get such a waveform, see `sanity.refusal`.
    """
    if refused := refusal("words_agree_percent", sample_rate, waveform=waveform):
        raise ArgumentError(refused)
    pcm = np.clip(soxr.resample(waveform, sample_rate, _RATE), -1, 1) * 32767
    pcm = pcm.astype(np.int16)
    if not pcm.any():
        return ""
    decoder = _decoder()
    # It keeps something of what it heard before, even with batch means, and hears other words then.
    decoder.reinit_feat()
    decoder.start_utt()
    decoder.process_raw(pcm.tobytes(), full_utt=True)
    decoder.end_utt()
    heard = decoder.hyp()
    return heard.hypstr if heard else ""


def recognise(waves: list[tuple[np.ndarray, int]], jobs: int) -> list[str]:
    """`hypothesis` of many waveforms (N,) of given rates in Hz, in `jobs` processes."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        work = pool.imap(_hypothesis_of, waves)
        return list(tqdm(work, total=len(waves), desc="recogniser", unit="sentence"))


def word_error_rate(texts: list[str], heard: list[str]) -> dict[str, float]:
    """Word error rate and its parts in percent, and the number of words."""
    out = jiwer.process_words([spelled(text) for text in texts], heard)
    words = out.hits + out.substitutions + out.deletions
    return {
        "wer_percent": 100 * out.wer,
        "deleted_percent": 100 * out.deletions / words,
        "inserted_percent": 100 * out.insertions / words,
        "words": words,
    }


def words_agree_percent(reference: str, candidate: str) -> float:
    """Share of words that two hypotheses have in common, in percent; NaN if both are empty.

    The two are aligned with as few substitutions, insertions and deletions as possible, each of
    which counts as one word on which they differ: the order of the two does not matter.
    """
    if not reference or not candidate:
        return 0.0 if reference or candidate else float("nan")
    out = jiwer.process_words(reference, candidate)
    return 100 * out.hits / (out.hits + out.substitutions + out.deletions + out.insertions)


def _hypothesis_of(job: tuple[np.ndarray, int]) -> str:
    return hypothesis(*job)


@functools.cache
def _decoder():
    """One a process: its model takes a third of a second to load."""
    from pocketsphinx import Decoder

    # cepstral means of each utterance by itself: what came before must not matter
    return Decoder(samprate=_RATE, cmn="batch", loglevel="FATAL")
