"""Word error rate by a small offline recogniser: pocketsphinx with its own English model."""

import multiprocessing
import re

import jiwer
import numpy as np
import soxr
from tqdm import tqdm

from ..text import normalize

_RATE = 16000
_decoder = None


def spelled(text: str) -> str:
    """A text as the recogniser would write it: lower-case words without punctuation."""
    words = normalize(text).text.lower()
    return re.sub(r"\s+", " ", re.sub(r"[.,?!]", " ", words)).strip()


def recognise(waves: list[tuple[np.ndarray, int]], jobs: int) -> list[str]:
    """What the recogniser hears in waveforms (N,) of given rates in Hz."""
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=_start) as pool:
        work = pool.imap(_recognise_one, waves)
        return list(tqdm(work, total=len(waves), desc="recogniser", unit="sentence"))


def _start() -> None:
    global _decoder
    from pocketsphinx import Decoder

    # cepstral means of each utterance by itself: what came before must not matter
    _decoder = Decoder(samprate=_RATE, cmn="batch", loglevel="FATAL")


def _recognise_one(job: tuple[np.ndarray, int]) -> str:
    wave, rate = job
    pcm = np.clip(soxr.resample(wave, rate, _RATE), -1, 1) * 32767
    _decoder.start_utt()
    _decoder.process_raw(pcm.astype(np.int16).tobytes(), full_utt=True)
    _decoder.end_utt()
    heard = _decoder.hyp()
    return heard.hypstr if heard else ""


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
