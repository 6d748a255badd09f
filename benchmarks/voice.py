"""Quality and speed of the shipped voice, against its teacher, on sentences it was not trained on.

Prints a table and writes benchmarks/results/voice.json with machine, versions and commit. Needs the
teacher (Debian packages festival, festvox-us-slt-hts, htsengine); about 25 minutes on 2 cores.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import jiwer
import numpy as np
import torch
from scipy.ndimage import maximum_filter1d

from lightning_v2.analysis.metrics.recogniser import NAME as RECOGNISER
from lightning_v2.analysis.metrics.recogniser import recognise
from lightning_v2.analysis.metrics.words import word_errors
from lightning_v2.model import SAMPLE_RATE, load
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts
from lightning_v2.text import PAUSE
from lightning_v2.training.evaluation import (
    HeldOut,
    acoustic_quality,
    copy_quality,
    pause_peaks_dbfs,
)
from lightning_v2.training.teacher import SAMPLE_RATE as TEACHER_RATE
from lightning_v2.training.teacher import own_phones

ROOT = Path(__file__).parent.parent
CLICK_DB = 15.0  # over the teacher; two draws of its own noise differ by up to 10 dB
CLICK_FLOOR_DBFS = -50.0
BOUNDS = {
    "exact_source_share_of_ceiling": (">=", 0.95),
    "smooth_source_share_of_ceiling": (">=", 0.88),
    "duration_mae_ms": ("<=", 7.0),
    "envelope_mcd_db": ("<=", 1.9),
    "wer_above_teacher_points": ("<=", 2.0),
    "rtf_one_core": ("<=", 0.03),
    "load_s": ("<=", 1.0),
    "clicks_in_pauses": ("<=", 0),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="slt", help="a name in data/voices/ or a folder")
    parser.add_argument("--sentences", type=int, default=100, help="for all but the recogniser")
    parser.add_argument("--recogniser-sentences", type=int, default=240, help="0: leave it out")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--held-out", type=Path, default=ROOT / "build" / "held-out")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/voice.json")
    args = parser.parse_args()

    texts = held_out_texts()
    held = HeldOut.prepare(texts, args.held_out, args.jobs)
    keys = list(held.sentences)
    voice = load(args.voice)
    figures = {"load_s": load_seconds(args.voice), "rtf_one_core": rtf(voice, held, keys[:20])}
    chosen = keys[: args.sentences]
    figures |= acoustic_quality(voice, held, chosen) | copy_quality(voice, held, chosen)
    figures["clicks_in_pauses"] = clicks(voice, held, chosen)
    figures |= front_end(held)
    if args.recogniser_sentences:
        figures |= recogniser(voice, held, keys[: args.recogniser_sentences], args.jobs)
    figures = {name: round(float(value), 4) for name, value in figures.items()}

    kept = True
    print(f"\n{voice.name}, measured on {len(chosen)} held-out sentences")
    for name, value in figures.items():
        sign, bound = BOUNDS.get(name, ("", None))
        held_bound = bound is None or (value <= bound if sign == "<=" else value >= bound)
        kept &= held_bound
        mark = "" if bound is None else f"{sign} {bound:g}  {'ok' if held_bound else 'MISSED'}"
        print(f"{name:34} {value:10.4f}  {mark}")
    save_result(
        args.output,
        ROOT,
        voice,
        "measured",
        sentences=len(chosen),
        recogniser_sentences=min(args.recogniser_sentences, len(keys)),
        recogniser=RECOGNISER,
        figures=figures,
    )
    return 0 if kept else 1


def load_seconds(name: str) -> float:
    """Median of five fresh processes: from the call of load() to a voice, imports not counted."""
    code = (
        "import sys, time\nfrom lightning_v2.model import load\nstart = time.perf_counter()\n"
        "load(sys.argv[1])\nprint(time.perf_counter() - start)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code, name], capture_output=True, check=True)
        for _ in range(5)
    ]
    return float(np.median([float(run.stdout) for run in runs]))


def rtf(voice, held: HeldOut, keys: list[str]) -> float:
    """Seconds of compute a second of speech, fp32, one thread, from text; median of three."""
    torch.set_num_threads(1)
    texts = [held.texts[key] for key in keys]
    voice.synthesize(texts)
    ratios = []
    for _ in range(3):
        start = time.process_time()
        speeches = voice.synthesize(texts)
        ratios.append((time.process_time() - start) / sum(s.duration_s for s in speeches))
    return float(np.median(ratios))


def clicks(voice, held: HeldOut, keys: list[str]) -> int:
    """5 ms blocks in pauses whose peak is 15 dB above all of the teacher's within 10 ms of them."""
    count = 0
    for key in keys:
        example = held.corpus.example(key)
        ends, f0 = torch.from_numpy(example.ends)[None], torch.from_numpy(example.f0)[None]
        phones, columns = (torch.from_numpy(a)[None] for a in (example.phones, example.features))
        with torch.inference_mode():
            frames = voice.model.acoustics(phones, columns, ends, f0)
            noise = torch.randn(1, len(example.wave), generator=torch.Generator().manual_seed(0))
            wave = voice.model.wave(frames, noise)[0].numpy()
        ours = pause_peaks_dbfs(example, wave)
        theirs = pause_peaks_dbfs(example, example.wave / np.float32(32767))
        around = maximum_filter1d(np.maximum(theirs, CLICK_FLOOR_DBFS - CLICK_DB), 5)
        count += int((ours > around + CLICK_DB).sum())
    return count


def front_end(held: HeldOut) -> dict[str, float]:
    """How often our phones differ from those that the teacher's own front end would choose."""
    theirs = own_phones(held.texts)
    ours = {k: [p for p in s.phones if p != PAUSE] for k, s in held.sentences.items()}
    out = jiwer.process_words(
        [" ".join(theirs[key]) for key in ours], [" ".join(phones) for phones in ours.values()]
    )
    return {"phones_unlike_teacher_percent": 100 * out.wer}


def recogniser(voice, held: HeldOut, keys: list[str], jobs: int) -> dict[str, float]:
    """Word error rates of the teacher and of the voice from text to waveform."""
    texts = [held.texts[key] for key in keys]
    teacher = recognise([(held.rendering(key).wave, TEACHER_RATE) for key in keys], jobs)
    spoken = [(s.waveform, SAMPLE_RATE) for s in voice.synthesize(texts)]
    theirs = word_errors(texts, teacher)
    ours = word_errors(texts, recognise(spoken, jobs))
    return {
        "wer_teacher_percent": theirs["wer_percent"],
        "wer_percent": ours["wer_percent"],
        "wer_above_teacher_points": ours["wer_percent"] - theirs["wer_percent"],
        "deleted_words_teacher_percent": theirs["deleted_percent"],
        "deleted_words_percent": ours["deleted_percent"],
        "recogniser_words": ours["words"],
    }


if __name__ == "__main__":
    sys.exit(main())
