"""What a training step of `adapt` costs under a plan, over one in float32: time and memory.

A step is one text forward and back, and the optimiser; the teacher has spoken before. The float32
step is the network as it trains by itself, its sound compared and nothing else: no interception, no
inner values. On one thread, in processor time, both by turns in one process; ratios are medians
over the rounds. Memory is what a process of its own takes at most, beyond what it takes before the
first step.

Prints a table and writes benchmarks/results/adaptation.json with machine, versions and commit.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from memory import peak_bytes
from torch import nn

import lightning_v2 as lv2
from lightning_v2.adaptation.lessons import Lesson, Teacher, Texts
from lightning_v2.adaptation.losses import spectral_distances
from lightning_v2.adaptation.trainer import Schedule, Trainer
from lightning_v2.precision import voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.report.records import save_result

ROOT = Path(__file__).parent.parent
TEXT = "The rain had stopped by the time we reached the station, and the platform was empty."
BOUNDS = {"time": 1.8, "memory": 2.0}
PLANS = ("bfp8-lofi", "bfp4-lofi", "lightning-v2")
"""Of the presets those with a 32-bit Dst that one would train for."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", nargs="+", default=["lark", "hibari"])
    parser.add_argument("--plans", nargs="+", default=list(PLANS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/adaptation.json")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.memory:
        print(grown(*args.memory))
        return 0
    found = {}
    for name in args.voices:
        found[name] = {}
        plain_bytes = in_own_process(name, "float32")
        for plan in args.plans:
            plain_s, under_s, ratio = seconds(name, plan, args.rounds)
            taken = in_own_process(name, plan)
            found[name][plan] = {
                "float32_s": round(plain_s, 4),
                "seconds": round(under_s, 4),
                "time_ratio": round(ratio, 3),
                "float32_bytes": plain_bytes,
                "bytes": taken,
                "memory_ratio": round(taken / plain_bytes, 3),
            }
            print(
                f"{name:10} {plan:14} {under_s:.3f} s over {plain_s:.3f} s: {ratio:.2f} times; "
                f"{taken / 1e6:.0f} MB over {plain_bytes / 1e6:.0f} MB: {taken / plain_bytes:.2f}"
            )
    voice = lv2.load(args.voices[0])
    save_result(args.output, ROOT, voice, "measured", text=TEXT, bounds=BOUNDS, voices=found)
    steps = [step for plans in found.values() for step in plans.values()]
    return int(any(step[f"{name}_ratio"] > most for step in steps for name, most in BOUNDS.items()))


def prepared(name: str, plan: str) -> tuple[Trainer, Lesson]:
    """A trainer for a plan, and the text as its teacher says it."""
    speaker, pupil = lv2.load(name), lv2.load(name)
    teacher = Teacher(speaker, 0, torch.device("cpu"))
    survey = teacher.survey([TEXT])
    fitted = for_voice(lv2.Plan.load(plan), voice_sites(speaker))
    trainer = Trainer(pupil.model, teacher, survey, [fitted], Texts((TEXT,), (TEXT,)), Schedule())
    return trainer, teacher.lesson(TEXT)


def plain_loss(trainer: Trainer, lesson: Lesson) -> torch.Tensor:
    """The sound of the network in float32."""
    results = lesson.tape.replayed(trainer.model)
    return sum(
        sum(spectral_distances(place.among(results).flatten(), wanted).values())
        for place, wanted in lesson.sounds
    )


def step(trainer: Trainer, loss: Callable[[], torch.Tensor], training: bool) -> None:
    trainer.model.train(training)
    trainer.optimizer.zero_grad(set_to_none=True)
    loss().backward()
    nn.utils.clip_grad_norm_(trainer.weights.values(), 1.0)
    trainer.optimizer.step()


def steps_of(name: str, plan: str) -> dict[str, Callable[[], None]]:
    """A step in float32, as fast as the voice trains, and one under a plan."""
    trainer, lesson = prepared(name, plan)
    for group in trainer.optimizer.param_groups:
        group["lr"] = 1e-9
    return {
        "float32": lambda: step(trainer, lambda: plain_loss(trainer, lesson), True),
        "plan": lambda: step(trainer, lambda: trainer.loss(lesson, trainer.policies[0]), False),
    }


def seconds(name: str, plan: str, rounds: int) -> tuple[float, float, float]:
    """Processor time of a step in float32 and under a plan, and the median of their ratios."""
    steps, times = steps_of(name, plan), []
    for _ in range(rounds + 1):  # the first one compiles and allocates
        start = time.process_time()
        steps["float32"]()
        middle = time.process_time()
        steps["plan"]()
        times.append((middle - start, time.process_time() - middle))
    plain, under = np.array(times[1:]).T
    return float(np.median(plain)), float(np.median(under)), float(np.median(under / plain))


def in_own_process(name: str, plan: str) -> int:
    """`grown` in a process of its own."""
    command = [sys.executable, __file__, "--memory", name, plan]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def grown(name: str, plan: str) -> int:
    """Bytes that three steps add to the largest memory of this process."""
    steps = steps_of(name, "bf16" if plan == "float32" else plan)
    before = peak_bytes()
    for _ in range(3):
        steps["float32" if plan == "float32" else "plan"]()
    return peak_bytes() - before


if __name__ == "__main__":
    sys.exit(main())
