"""What foreign voices cost: beside onnxruntime, under plans, in the exact tier, in memory, to load.

All on one thread, in processor time, one run of each in turns; ratios are medians over the rounds.

    float32     the graph of a sentence through our executor, and by onnxruntime: the file itself,
                and the float graph that the executor runs (other than the file where that is
                quantised). Durations of Piper are drawn without noise, so that both say as much
    fast        synthesis under plans with a 32-bit Dst, and in float32, of the same frames
    exact       multiply-adds a second of a synthesis, and of `tensix.matmul` in the same formats
                and the size that benchmarks/tensix.py has
    memory      largest resident memory of a process that says a sentence of three seconds
    load        seconds of `lightning_v2.load` in a process of its own, the library imported before

Prints tables and writes benchmarks/results/foreign.json with machine, versions and commit.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from memory import peak_bytes
from tensix import SHAPE

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.onnx.frontends import hibari, kokoro, piper
from lightning_v2.onnx.passes.expansions import expand
from lightning_v2.onnx.reader import read
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.onnx.voices import PACKAGED
from lightning_v2.onnx.writer import to_model
from lightning_v2.precision import Plan
from lightning_v2.provenance import provenance
from lightning_v2.report.records import write_whole

ROOT = Path(__file__).parent.parent
SENTENCE = "The rain had stopped by the time we reached the station."
"""About three seconds of every voice."""
SHORT = "Hello there."
FILES = {"hibari": hibari.hibari_path, "piper:joe": piper.joe_path, "kokoro": kokoro.kokoro_path}
BOUNDS = {
    "float32": {"piper:joe": 1.5, "hibari": 2.0, "kokoro": 2.0},
    "fast": 1.6,
    "exact": 0.7,
    "memory_bytes": 6 << 30,
    "load_s": {"piper:joe": 2.0, "hibari": 2.0, "kokoro": 5.0},
}
FAST_PLANS = ("bf16", "bfp8-hifi4", "bfp8-lofi", "lightning-v2")
EXACT_PLANS = ("bf16", "bfp8-lofi")
MEMORY_TIERS = ("float32", "fast", "exact")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voices", nargs="+", default=_installed(), choices=list(FILES))
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/foreign.json")
    parser.add_argument("--alone", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "plan .*")  # rules of presets that name sites of our voice
    if args.alone:
        what, *rest = args.alone
        print(json.dumps(_ALONE[what](*rest)))
        return 0
    found: dict[str, dict] = {}
    for part in args.parts:
        found[part] = {name: PARTS[part](name, args.repeats) for name in args.voices}
        save(args.output, args.voices, args.repeats, found)
    return 0


def save(path: Path, voices: list[str], repeats: int, found: dict[str, dict]) -> None:
    """Write what was measured so far."""
    record = {
        "kind": "measured",
        "sentence": SENTENCE,
        "short": SHORT,
        "voices": {name: PACKAGED[name].version for name in voices},
        "repeats": repeats,
        "bounds": BOUNDS,
        **found,
        **provenance(ROOT),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(record, indent=2) + "\n")
    print(f"written to {path}")


def _installed() -> list[str]:
    return [name for name in FILES if PACKAGED[name].version is not None]


def float32(name: str, repeats: int) -> dict[str, object]:
    """Seconds of the graph by the executor and by onnxruntime, and both ratios."""
    voice = lv2.load(name)
    if name == "piper:joe":
        voice = replace(voice, frontend=replace(voice.frontend, scales=(0.667, 1.0, 0.0)))
    line = voice.frontend.lines(SENTENCE)[0]
    given = {key: torch.from_numpy(x) for key, x in line.inputs.items()}
    graph = read(FILES[name]())
    expand(graph)
    by_file = _session(FILES[name]().read_bytes())
    by_floats = _session(to_model(graph).SerializeToString())

    def executor() -> None:
        with torch.inference_mode():
            voice.model(given)

    times = in_turns(
        {
            "executor": executor,
            "onnxruntime_file": lambda: by_file.run(None, line.inputs),
            "onnxruntime_float": lambda: by_floats.run(None, line.inputs),
        },
        repeats,
    )
    result = {
        **{f"{key}_s": round(float(np.median(x)), 4) for key, x in times.items()},
        **{
            f"over_{key}": _ratio(times["executor"], times[key])
            for key in ("onnxruntime_file", "onnxruntime_float")
        },
    }
    _say("float32", name, result)
    return result


def _session(model: bytes):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def fast(name: str, repeats: int) -> dict[str, object]:
    """Seconds of a synthesis in float32 and in the fast tier under each plan, and the ratios."""
    voice = lv2.load(name)
    say = _speaker(voice, SENTENCE)
    times = in_turns(
        {"float32": say, **{plan: _emulated(voice, plan, "fast", say) for plan in FAST_PLANS}},
        repeats,
    )
    result = {
        "float32_s": round(float(np.median(times["float32"])), 4),
        "plans": {
            plan: {
                "seconds": round(float(np.median(times[plan])), 4),
                "over_float32": _ratio(times[plan], times["float32"]),
            }
            for plan in FAST_PLANS
        },
    }
    _say("fast", name, {plan: x["over_float32"] for plan, x in result["plans"].items()})
    return result


def exact(name: str, repeats: int) -> dict[str, object]:
    """Giga multiply-adds a second of a synthesis and of one product, under each plan."""
    voice = lv2.load(name)
    say = _speaker(voice, SHORT)
    macs = sum(site.macs for site in tensix.trace(voice.model, say))
    plans = {}
    for plan in EXACT_PLANS:
        times = in_turns(
            {"voice": _emulated(voice, plan, "exact", say), "product": _product(plan)},
            max(1, repeats // 3),
        )
        rates = {
            "voice": macs / np.array(times["voice"]),
            "product": np.prod(SHAPE) / np.array(times["product"]),
        }
        plans[plan] = {
            **{f"{key}_gmacs": round(float(np.median(x)) / 1e9, 3) for key, x in rates.items()},
            "share": _ratio(rates["voice"], rates["product"]),
        }
    _say("exact", name, {plan: x["share"] for plan, x in plans.items()})
    return {"macs": macs, "plans": plans}


def _product(plan: str) -> Callable[[], None]:
    """One product in the formats of a plan's default."""
    precision = Plan.load(plan).for_site("any")
    m, k, n = SHAPE
    generator = torch.Generator().manual_seed(0)
    a = tensix.from_torch(torch.randn(m, k, generator=generator), precision.activations)
    b = tensix.from_torch(torch.randn(k, n, generator=generator), precision.weights)
    config = tensix.ComputeKernelConfig(
        precision.math_fidelity,
        precision.math_approx_mode,
        precision.fp32_dest_acc_en,
        precision.packer_l1_acc,
    )

    def run() -> None:
        with tensix.use(tier="exact", threads=1):
            tensix.matmul(a, b, compute_kernel_config=config)

    return run


def memory(name: str, repeats: int) -> dict[str, dict[str, float]]:
    """Largest resident memory and seconds of speech of a process that says one sentence.

    Of Piper alone: what a decoder of samples holds is the question, and Kokoro's takes minutes.
    """
    if name != "piper:joe":
        return {}
    result = {tier: _alone("memory", name, tier) for tier in MEMORY_TIERS}
    _say("memory, GiB", name, {k: round(x["peak_bytes"] / 2**30, 2) for k, x in result.items()})
    return result


def spoken_alone(name: str, tier: str) -> dict[str, float]:
    """The same of this process."""
    voice = lv2.load(name)
    if tier == "float32":
        speech = voice.synthesize(SENTENCE)
    else:
        with tensix.use(threads=1), lv2.emulate(voice, "bf16", tier=tier):
            speech = voice.synthesize(SENTENCE)
    return {"speech_s": round(speech.duration_s, 2), "peak_bytes": peak_bytes()}


def load(name: str, repeats: int) -> dict[str, float]:
    """Median seconds of loading a voice in a process of its own."""
    times = [_alone("load", name) for _ in range(min(repeats, 5))]
    result = {"seconds": round(float(np.median(times)), 3)}
    _say("load, s", name, result)
    return result


def loaded_alone(name: str) -> float:
    """Seconds of loading a voice in this process."""
    start = time.process_time()
    lv2.load(name)
    return time.process_time() - start


def _alone(*what: str) -> object:
    command = [sys.executable, __file__, "--alone", *what]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _speaker(voice: OnnxVoice, text: str) -> Callable[[], None]:
    """What says the same frames in every run."""
    speech = voice.synthesize(text)
    return lambda: voice.synthesize(text, forced=speech)


def _emulated(voice: OnnxVoice, plan: str, tier: str, run: Callable[[], None]) -> Callable:
    def emulated() -> None:
        with tensix.use(threads=1), lv2.emulate(voice, plan, tier=tier):
            run()

    return emulated


def in_turns(runs: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Processor seconds of each run; one of each before the next round of all."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    return times


def _ratio(x: Iterable[float], y: Iterable[float]) -> float:
    return round(float(np.median(np.divide(x, y))), 3)


def _say(part: str, name: str, figures: Mapping[str, object]) -> None:
    words = ", ".join(f"{key} {value}" for key, value in figures.items())
    print(f"{part:12} {name:10} {words}", flush=True)


PARTS = {"float32": float32, "fast": fast, "exact": exact, "memory": memory, "load": load}
_ALONE = {"memory": spoken_alone, "load": loaded_alone}

if __name__ == "__main__":
    sys.exit(main())
