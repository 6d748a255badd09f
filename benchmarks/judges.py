"""What the judges of one signal make of what is nobody's voice: edges, levels, rates, missing ends.

DNSMOS (overall and P.808) hears sentences of a voice changed in known ways, once as its package
takes a clip, and once as this library feeds it; Whisper hears them as they are fed here. *Measured*
on PyTorch float32. Prints a table and writes benchmarks/results/judges.json. About half a minute of
compute a sentence.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import soxr

import lightning_v2 as lv2
from lightning_v2.analysis.metrics.judges import naturalness, recogniser, words
from lightning_v2.analysis.metrics.judges.clip import RATE
from lightning_v2.analysis.verdict import distortions
from lightning_v2.analysis.verdict.controls import shifted, slower
from lightning_v2.model import Speech, Voice
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent
LONGEST_S = 9.0
"""Of the sentences: what DNSMOS hears at once, so that the package hears them whole."""

Change = Callable[[Voice, Speech], np.ndarray]


def of_waveform(change: Callable[[np.ndarray, int], np.ndarray]) -> Change:
    return lambda _voice, speech: change(speech.waveform, speech.sample_rate)


def silence(seconds: float, rate: int) -> np.ndarray:
    return np.zeros(round(seconds * rate), np.float32)


def through_lines(wave: np.ndarray, rate: int) -> np.ndarray:
    """Resampled to 16 kHz and back by straight lines between samples."""
    there = np.arange(0, len(wave), rate / RATE)
    low = np.interp(there, np.arange(len(wave)), wave)
    return np.interp(np.arange(len(wave)), there, low).astype(np.float32)


CHANGES: dict[str, Change] = {
    "as it is": of_waveform(lambda w, r: w),
    "20 dB quieter": of_waveform(lambda w, r: w / 10),
    "starts 5 ms later": of_waveform(lambda w, r: np.concatenate([silence(0.005, r), w])),
    "1 s of silence before": of_waveform(lambda w, r: np.concatenate([silence(1, r), w])),
    "3 s of silence after": of_waveform(lambda w, r: np.concatenate([w, silence(3, r)])),
    "resampled by straight lines": of_waveform(through_lines),
    "through 48 kHz and back": of_waveform(
        lambda w, r: soxr.resample(soxr.resample(w, r, 48000), 48000, r)
    ),
    "last tenth cut off": of_waveform(lambda w, r: w[: len(w) * 9 // 10]),
    "second half cut off": of_waveform(lambda w, r: w[: len(w) // 2]),
    "white noise at -50 dB": of_waveform(lambda w, r: distortions.with_noise(w, -50)),
    "white noise at -30 dB": of_waveform(lambda w, r: distortions.with_noise(w, -30)),
    "rounded to 16 bits": of_waveform(lambda w, r: distortions.rounded(w)),
    "F0 30 cents higher": lambda v, s: shifted(v, s, 30).waveform,
    "5 % slower": lambda v, s: slower(v, s, 5).waveform,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="lark", help="a name in data/voices/ or a folder")
    parser.add_argument("--sentences", type=int, default=10, metavar="N", help="held-out ones")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/judges.json")
    args = parser.parse_args()

    voice = lv2.load(args.voice)
    spoken = map(voice.synthesize, held_out_texts().values())
    short = (speech for speech in spoken if speech.duration_s < LONGEST_S)
    rows = []
    for speech, _ in zip(short, range(args.sentences), strict=False):
        for name, change in CHANGES.items():
            found = judged(speech, change(voice, speech))
            rows.append({"change": name, **found})
            print(name, found, flush=True)
    figures = summary(pd.DataFrame(rows))
    print(figures.to_string())
    save_result(
        args.output, ROOT, voice, "measured", sentences=args.sentences,
        figures=figures.round(4).to_dict("index"),
    )  # fmt: skip
    return 0


def judged(reference: Speech, wave: np.ndarray) -> dict[str, float]:
    """Scores of a waveform as the package takes it and as it is fed here; word errors, words."""
    rate = reference.sample_rate
    clip = np.clip(soxr.resample(wave, rate, RATE, quality="VHQ"), -1, 1)
    window = np.resize(clip, naturalness.WINDOW)  # what the package makes of it, first of all
    package = naturalness.judge()(window, RATE, False)
    ours = naturalness.dnsmos(wave, rate)
    errors = words.word_errors([reference.text], [recogniser.hypothesis(wave, rate)])
    return {
        "package_ovrl": float(package["ovrl_mos"]),
        "package_p808": float(package["p808_mos"]),
        "ovrl": ours["ovrl"],
        "p808": ours["p808"],
        "errors": errors["wer_percent"] * errors["words"] / 100,
        "words": errors["words"],
    }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a change: means of the clip as it is, and of what each change adds, with the standard
    deviation over sentences; word error rate in percent."""
    names = ["package_ovrl", "package_p808", "ovrl", "p808"]
    plain = rows[rows["change"] == "as it is"].reset_index(drop=True)
    found = {}
    for change, of in rows.groupby("change", sort=False):
        of = of.reset_index(drop=True)
        added = of[names] - (0 if change == "as it is" else plain[names])
        found[change] = {
            **added.mean().to_dict(),
            **added.std().add_suffix("_sd").to_dict(),
            "wer_percent": 100 * of["errors"].sum() / of["words"].sum(),
        }
    return pd.DataFrame(found).T


if __name__ == "__main__":
    sys.exit(main())
