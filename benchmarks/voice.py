"""Quality and speed of a voice beside its teacher, on sentences it was not trained on.

Prints a table and writes benchmarks/results/voice.json. DNSMOS and word errors of all voices are of
the same texts in the same run, each clip fed as `metrics/judges/clip.py` says: at one level,
without the silence around it, to its end. About 15 minutes on a core for 200 sentences.
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import torch
from hibari import Hibari
from tqdm import tqdm

import lightning_v2 as lv2
from lightning_v2.analysis.metrics.audio_metrics import lsd_db, pesq_wb_mos
from lightning_v2.analysis.metrics.judges.naturalness import dnsmos
from lightning_v2.analysis.metrics.judges.recogniser import NAME as RECOGNISER
from lightning_v2.analysis.metrics.judges.recogniser import hypothesis
from lightning_v2.analysis.metrics.judges.words import word_errors
from lightning_v2.analysis.metrics.metric import DNSMOS_SCORES
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent
CLICK_DB = 15.0  # over the teacher
CLICK_FLOOR_DBFS = -50.0
BLOCK = 120  # samples: 5 ms


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="lark", help="a name in data/voices/ or a folder")
    parser.add_argument("--teacher", default="hibari")
    parser.add_argument("--others", nargs="*", default=[], help="voices to hear as well")
    parser.add_argument(
        "--first",
        type=int,
        default=40,
        help="held-out sentence; earlier ones may have been looked at while it was trained",
    )
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--recogniser-sentences", type=int, default=200)
    parser.add_argument("--copy-sentences", type=int, default=200)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/voice.json")
    args = parser.parse_args()

    texts = list(held_out_texts().values())[args.first :][: args.sentences]
    voice, teacher = lv2.load(args.voice), lv2.load(args.teacher)
    figures = {"parameters": sum(p.numel() for p in voice.model.parameters())}

    def tell(**found: float) -> None:
        figures.update(found)
        for name, value in found.items():
            print(f"{name:36} {value:12.4f}", flush=True)

    tell(**real_time(voice, texts[:20]))
    voices = {"voice": voice, "teacher": teacher} | {name: lv2.load(name) for name in args.others}
    for name, speaker in voices.items():
        speeches = speaker.synthesize(texts)
        tell(**{f"{name}_{k}": v for k, v in naturalness(speeches).items()})
        if args.recogniser_sentences:
            some = slice(args.recogniser_sentences)
            found = heard(texts[some], speeches[some])
            tell(**{f"{name}_{k}": v for k, v in found.items()})
        if speaker is voice:
            tell(beyond_full_scale=sum(int((np.abs(s.waveform) > 1).sum()) for s in speeches))
        if speaker is teacher:
            tell(**prosody(voice, speeches))
            tell(**copies(voice, teacher, speeches[: args.copy_sentences]))
    save_result(
        args.output,
        ROOT,
        voice,
        "measured",
        teacher=args.teacher,
        others=args.others,
        first=args.first,
        sentences=len(texts),
        recogniser_sentences=min(args.recogniser_sentences, len(texts)),
        copy_sentences=min(args.copy_sentences, len(texts)),
        recogniser=RECOGNISER,
        figures={name: round(float(value), 4) for name, value in figures.items()},
    )
    return 0


def naturalness(speeches: list[lv2.Speech]) -> dict[str, float]:
    """Means of DNSMOS over speeches."""
    found = [dnsmos(s.waveform, s.sample_rate) for s in tqdm(speeches, "naturalness", leave=False)]
    return {key: float(np.mean([scores[key] for scores in found])) for key in DNSMOS_SCORES}


def heard(texts: list[str], speeches: list[lv2.Speech]) -> dict[str, float]:
    """Word errors of a recogniser."""
    words = [hypothesis(s.waveform, s.sample_rate) for s in tqdm(speeches, "words", leave=False)]
    errors = word_errors(texts, words)
    return {name: errors[name] for name in ("wer_percent", "deleted_percent", "inserted_percent")}


def prosody(voice, taught: list[lv2.Speech]) -> dict[str, float]:
    """Errors of durations, and on the teacher's durations of F0 and voicing."""
    durations, cents, wrong, lengths = [], [], [], []
    for theirs in taught:
        ours = voice.synthesize(theirs.text)
        if ours.phonemes != theirs.phonemes:
            raise SystemExit(f"other phones than the teacher's in {theirs.text!r}")
        durations.append(np.abs(ours.durations - theirs.durations) * 12.5)
        lengths.append(ours.durations.sum() / theirs.durations.sum() - 1)
        timed = voice.synthesize(theirs.text, forced=_without_f0(theirs))
        both = (timed.f0 > 0) & (theirs.f0 > 0)
        cents.append(np.abs(1200 * np.log2(timed.f0[both] / theirs.f0[both])))
        wrong.append((timed.f0 > 0) != (theirs.f0 > 0))
    return {
        "duration_mae_ms": np.concatenate(durations).mean(),
        "length_difference_percent": 100 * np.mean(lengths),
        "f0_median_cents": np.median(np.concatenate(cents)),
        "f0_p90_cents": np.quantile(np.concatenate(cents), 0.9),
        "voicing_error_percent": 100 * np.concatenate(wrong).mean(),
    }


def copies(voice, teacher, taught: list[lv2.Speech]) -> dict[str, float]:
    """With the teacher's durations and F0, against its waveform; the ceiling is another draw of its
    noise. Clicks: 5 ms that are louder by 15 dB than all of the teacher's within 10 ms of them."""
    rows, clicks = [], 0
    for theirs in tqdm(taught, desc="copies", leave=False):
        ours = voice.synthesize(theirs.text, forced=theirs)
        again = teacher.synthesize(theirs.text, seed=1, forced=theirs)
        rows.append(
            [
                pesq_wb_mos(theirs.waveform, ours.waveform, 24000),
                pesq_wb_mos(theirs.waveform, again.waveform, 24000),
                lsd_db(theirs.waveform, ours.waveform, 24000).mean(),
                lsd_db(theirs.waveform, again.waveform, 24000).mean(),
            ]
        )
        peaks = _peaks(theirs.waveform)
        around = np.max([np.roll(peaks, shift) for shift in range(-2, 3)], 0)
        limit = np.maximum(around, CLICK_FLOOR_DBFS) + CLICK_DB
        clicks += int((_peaks(ours.waveform) > limit).sum())
    names = ("copy_pesq_wb_mos", "ceiling_pesq_wb_mos", "copy_lsd_db", "ceiling_lsd_db")
    return {**dict(zip(names, np.mean(rows, 0), strict=True)), "clicks": clicks}


def real_time(voice, texts: list[str]) -> dict[str, float]:
    """Seconds of one core a second of speech: the voice in PyTorch float32, and its teacher through
    onnxruntime as its package runs it. Both read the text themselves."""
    torch.set_num_threads(1)
    theirs = Hibari(threads=1)
    found = {"rtf": [], "rtf_teacher_onnxruntime": []}
    for _ in range(4):
        start = time.process_time()
        seconds = sum(speech.duration_s for speech in voice.synthesize(texts))
        found["rtf"].append((time.process_time() - start) / seconds)
        start = time.process_time()
        seconds = sum(len(theirs(text, seed=0)) for text in texts) / 24000
        found["rtf_teacher_onnxruntime"].append((time.process_time() - start) / seconds)
    return {name: float(np.median(values[1:])) for name, values in found.items()}


def _without_f0(speech: lv2.Speech) -> lv2.Speech:
    return dataclasses.replace(speech, f0=np.empty(0, np.float32), decisions={})


def _peaks(wave: np.ndarray) -> np.ndarray:
    """Largest sample of every 5 ms, dBFS."""
    blocks = np.abs(wave[: len(wave) // BLOCK * BLOCK]).reshape(-1, BLOCK)
    return 20 * np.log10(blocks.max(1).clip(1e-6))


if __name__ == "__main__":
    sys.exit(main())
