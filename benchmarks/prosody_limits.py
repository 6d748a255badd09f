"""Where the limits on free-running speech stand: what the endpoints make of known changes.

Durations and F0 of held-out sentences are changed by known amounts, from what nobody hears to what
everybody does, and each change is judged by the free-running endpoints but that on words, beside
the plans. Tempo, single phones and pitch are *measured* on PyTorch float32, plans *emulated* in the
fast tier. Prints a table and writes benchmarks/results/prosody_limits.json. About 4 minutes on two
cores.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import lightning_v2 as lv2
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.metrics.endpoints import ENDPOINTS
from lightning_v2.analysis.verdict.controls import prosody_plan, shifted, slower, with_durations
from lightning_v2.analysis.verdict.equivalence import Verdict, judge
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan, presets
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent
JUDGED = [e for e in ENDPOINTS if e.run == "free-running" and "word" not in e.column and not e.void]
TREMOR_HZ = 4.0

Change = Callable[[Voice, Speech], Speech]


def frames_a_ms(speech: Speech) -> float:
    """Frames in a millisecond."""
    return speech.sample_rate / speech.hop / 1000


def longer_phone(milliseconds: float) -> Change:
    """The phone of median length lasts longer."""

    def change(voice: Voice, speech: Speech) -> Speech:
        durations = speech.durations.copy()
        middle = np.argsort(durations)[len(durations) // 2]
        durations[middle] += milliseconds * frames_a_ms(speech)
        return with_durations(voice, speech, durations)

    return change


def moved_boundaries(milliseconds: float) -> Change:
    """The end of each phone moves by an independent amount, RMS, not past its neighbours."""

    def change(voice: Voice, speech: Speech) -> Speech:
        dice = np.random.default_rng(speech.seed)
        ends = np.cumsum(speech.durations, dtype=np.float64)
        ends += dice.standard_normal(len(ends)) * milliseconds * frames_a_ms(speech)
        durations = np.maximum(np.diff(np.maximum.accumulate(ends), prepend=0), 0.5)
        return with_durations(voice, speech, durations.astype(np.float32))

    return change


def tremor(cents: float) -> Change:
    """F0 wavers by so many cents, peak."""

    def change(voice: Voice, speech: Speech) -> Speech:
        time_s = np.arange(len(speech.f0)) / frames_a_ms(speech) / 1000
        octaves = cents / 1200 * np.sin(2 * np.pi * TREMOR_HZ * time_s)
        forced = replace(speech, f0=(speech.f0 * 2**octaves).astype(np.float32))
        return voice.synthesize(speech.text, seed=speech.seed, forced=forced)

    return change


def under(plan: Plan) -> Change:
    """What a plan makes of the sentence, running freely."""

    def change(voice: Voice, speech: Speech) -> Speech:
        with lv2.emulate(voice, plan):
            return voice.synthesize(speech.text, seed=speech.seed)

    return change


def tempo(percent: float) -> Change:
    return lambda voice, speech: slower(voice, speech, percent)


def pitch(cents: float) -> Change:
    return lambda voice, speech: shifted(voice, speech, cents)


# Name -> what it must do ("pass", "fail", or "": nothing is claimed), and the change.
CHANGES: dict[str, tuple[str, Change]] = {
    "0.5 % slower": ("pass", tempo(0.5)),
    "0.5 % faster": ("pass", tempo(-0.5)),
    "one phone 20 ms longer": ("pass", longer_phone(20)),
    "phones end 5 ms elsewhere": ("pass", moved_boundaries(5)),
    "pitch 3 cents higher": ("pass", pitch(3)),
    "tremor of 10 cents": ("pass", tremor(10)),
    "1 % slower": ("", tempo(1)),
    "2 % slower": ("", tempo(2)),
    "one phone 40 ms longer": ("", longer_phone(40)),
    "phones end 10 ms elsewhere": ("", moved_boundaries(10)),
    "pitch 10 cents higher": ("", pitch(10)),
    "tremor of 30 cents": ("", tremor(30)),
    "5 % slower": ("fail", tempo(5)),
    "5 % faster": ("fail", tempo(-5)),
    "one phone 80 ms longer": ("fail", longer_phone(80)),
    "phones end 20 ms elsewhere": ("fail", moved_boundaries(20)),
    "pitch 30 cents higher": ("fail", pitch(30)),
    "tremor of 50 cents": ("fail", tremor(50)),
    "fp32 with low prosody": (
        "fail",
        lambda voice, speech: under(prosody_plan(voice))(voice, speech),
    ),
    **{name: ("", under(Plan.load(name))) for name in presets()},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="lark", help="a name in data/voices/ or a folder")
    parser.add_argument("--sentences", type=int, default=20, metavar="N", help="held-out ones")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "benchmarks/results/prosody_limits.json"
    )
    args = parser.parse_args()

    voice = lv2.load(args.voice)
    spoken = [voice.synthesize(text) for text in held_out_texts(args.sentences).values()]
    figures = {}
    print(f"{'':28} must  does            " + "  ".join(e.label for e in JUDGED))
    for name, (must, change) in CHANGES.items():
        rows = [measured(speech, change(voice, speech)) for speech in spoken]
        verdict = judge({"free-running": pd.DataFrame(rows)}, JUDGED)
        figures[name] = {"must": must, "does": does(verdict), "endpoints": figures_of(verdict)}
        cells = (
            f"{j.estimate:.4g} ({j.best_case:.4g} to {j.bound:.4g})"
            + {"FAILS": " ✗", "holds": "", "not resolved": " ?"}[j.state]
            for j in verdict.judged
        )
        print(f"{name:28} {must:5} {does(verdict):15} " + "  ".join(cells), flush=True)
    save_result(
        args.output, ROOT, voice, "emulated", tier="fast", sentences=args.sentences,
        limits={e.label: e.limit for e in JUDGED}, figures=figures,
    )  # fmt: skip
    return int(any(f["must"] and f["must"] != f["does"] for f in figures.values()))


def measured(reference: Speech, candidate: Speech) -> dict[str, float]:
    values, _ = audio_metrics.measure(reference, candidate)
    return values | {"frames": len(reference.f0)}


def does(verdict: Verdict) -> str:
    """What no sample of this size resolves, the percentile over sentences, is left out."""
    if verdict.failed:
        return "fail"
    small = [j for j in verdict.not_resolved if j.sentences >= j.endpoint.least_sentences]
    return "not resolved" if small else "pass"


def figures_of(verdict: Verdict) -> dict[str, dict[str, object]]:
    return {
        j.endpoint.label: {
            "estimate": j.estimate,
            "best_case": finite(j.best_case),
            "bound": finite(j.bound),
            "state": j.state,
        }
        for j in verdict.judged
    }


def finite(bound: float) -> float | None:
    return bound if np.isfinite(bound) else None


if __name__ == "__main__":
    sys.exit(main())
