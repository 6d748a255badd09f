"""Writes the tables of docs/results.md from benchmarks/results/; --check only compares."""

import json
import sys
from collections.abc import Callable

import marked_text
from check_tables import check_table
from deployment_tables import deployment_table
from foreign_tables import foreign_table
from markdown_table import RESULTS, ROOT, table

from lightning_v2.precision import Plan, presets
from lightning_v2.resources import DEFAULT_VOICE

VOICE_ROWS = (
    ("DNSMOS P.808, mean", "voice_p808", "teacher_p808", ".3f"),
    ("DNSMOS overall (P.835), mean", "voice_ovrl", "teacher_ovrl", ".3f"),
    ("word error rate ({recogniser}), %", "voice_wer_percent", "teacher_wer_percent", ".1f"),
    ("duration error, ms a phone", "duration_mae_ms", None, ".1f"),
    ("F0 error on the same durations, median, cents", "f0_median_cents", None, ".0f"),
    ("voicing error, % of frames", "voicing_error_percent", None, ".1f"),
    ("copy synthesis: PESQ-WB", "copy_pesq_wb_mos", "ceiling_pesq_wb_mos", ".2f"),
    ("copy synthesis: log-spectral distance, dB", "copy_lsd_db", "ceiling_lsd_db", ".2f"),
    ("clicks in copy synthesis", "clicks", None, ".0f"),
    ("samples beyond full scale", "beyond_full_scale", None, ".0f"),
    ("parameters", "parameters", None, ",.0f"),
    ("seconds of one core a second of speech", "rtf", "rtf_teacher_onnxruntime", ".4f"),
)
"""Label, figures of the voice and of its teacher, form."""

EXPLORER_ROWS = (
    ("heard", "its sound is in the player"),
    ("measures", "measures and phase are drawn"),
    ("layers", "the error of every site is drawn"),
)

RESULTS_OF = {
    "judges": "judges.json",
    "explorer": "explorer.json",
    "plans": "plan_choices.json",
    "choices": "plan_choices.json",
    "fidelity": "low_fidelity.json",
    "arithmetic": "tensix.json",
    "deployment": "deployment.json",
}
"""Table -> the file whose voice it is about."""

SHOWN_OPERATIONS = (
    "linear, LoFi, 32-bit Dst",
    "linear, HiFi4, 32-bit Dst",
    "linear, LoFi, 16-bit Dst",
    "linear, HiFi4, 16-bit Dst",
    "conv1d, dense, 32-bit Dst",
    "layer_norm, HiFi4, 32-bit Dst",
    "softmax, default",
    "scaled_dot_product_attention, default",
    "add, bfloat16",
    "multiply, bfloat16",
    "exp, bfloat16",
    "tanh, bfloat16",
    "gelu, bfloat16",
)


def main() -> int:
    tables = {
        "voice": voice_table,
        "judges": judges_table,
        "explorer": explorer_table,
        "plans": plans_table,
        "check": check_table,
        "choices": choices_table,
        "fidelity": fidelity_table,
        "arithmetic": arithmetic_table,
        "deployment": deployment_table,
        "foreign": foreign_table,
    }
    written = {name: with_voice(name, make) for name, make in tables.items()}
    return marked_text.run(__doc__, ROOT / "docs" / "results.md", "results_document.py", written)


def with_voice(name: str, make: Callable[[], str]) -> Callable[[], str]:
    """What makes a table; if its figures are of another voice than the default one, that first."""
    if name not in RESULTS_OF:
        return make
    voice = json.loads((RESULTS / RESULTS_OF[name]).read_text())["voice"]["name"]
    if voice == DEFAULT_VOICE:
        return make
    return lambda: (
        f"**Of `{voice}`**, the voice before `{DEFAULT_VOICE}`; not made again yet.\n\n{make()}"
    )


def voice_table() -> str:
    record = json.loads((RESULTS / "voice.json").read_text())
    figures = record["figures"]
    lines = [
        f"*Measured* by `benchmarks/voice.py` on {record['sentences']} held-out sentences "
        f"({record['recogniser_sentences']} for the recogniser, {record['copy_sentences']} for "
        "copy synthesis: with the teacher's durations and F0, against its waveform; the figure of "
        "the teacher there is another draw of its noise). The teacher runs through onnxruntime, "
        f"the voice in PyTorch float32; {record['machine']['cpu']}, "
        f"{record['machine']['cores']} cores:\n",
        *table(
            ("", f"`{record['voice']['name']}`", f"`{record['teacher']}`"),
            (
                (
                    label.format(recogniser=record["recogniser"]),
                    *(f"{figures[key]:{form}}" if key else "" for key in keys),
                )
                for label, *keys, form in VOICE_ROWS
            ),
        ),
    ]
    return "\n".join(lines) + "\n"


def judges_table() -> str:
    record = json.loads((RESULTS / "judges.json").read_text())
    figures = record["figures"]

    def added(of: dict[str, float], name: str) -> str:
        if of is figures["as it is"]:
            return f"{of[name]:.2f}"
        return f"{of[name]:+.2f} ± {of[f'{name}_sd']:.2f}"

    lines = [
        f"*Measured* by `benchmarks/judges.py` on {record['sentences']} held-out sentences of "
        f"`{record['voice']['name']}`, PyTorch float32: DNSMOS, and what each change adds to it "
        "(mean and standard deviation over sentences); word error rate:\n",
        *table(
            (
                "change",
                "overall, package alone",
                "overall, as it is fed here",
                "P.808, package alone",
                "P.808, as it is fed here",
                "words wrong, %",
            ),
            (
                (
                    change,
                    *(
                        added(of, f"{fed}{score}")
                        for score in ("ovrl", "p808")
                        for fed in ("package_", "")
                    ),
                    f"{of['wer_percent']:.1f}",
                )
                for change, of in figures.items()
            ),
        ),
    ]
    return "\n".join(lines) + "\n"


def explorer_table() -> str:
    record = json.loads((RESULTS / "explorer.json").read_text())
    new, known = record["page_s"], record["page_from_cache_s"]
    lines = [
        f"*Measured* by `benchmarks/explorer.py` in a live JupyterLab in Chromium, "
        f"“{record['text']}”, fast tier, {record['machine']['cpu']}, "
        f"{record['machine']['cores']} cores; seconds from the change, medians:\n",
        *table(
            ("", "a new plan", "one that was tried before"),
            ((words, f"{new[key]:.2f}", f"{known[key]:.2f}") for key, words in EXPLORER_ROWS),
        ),
    ]
    return "\n".join(lines) + "\n"


def plans_table() -> str:
    choices = json.loads((RESULTS / "plan_choices.json").read_text())
    costs = json.loads((RESULTS / "emulation.json").read_text())["plans"]
    head = (
        "plan in `data/plans/`", "what it is", "PESQ-WB, exact", "fast", "SNR, dB, exact", "fast",
        "level, dB", "time / float32, fast",
    )  # fmt: skip
    rows = []
    for name in presets():
        exact, fast = (choices["figures"][tier][name] for tier in ("exact", "fast"))
        rows.append(
            (
                f"`{name}`",
                Plan.load(name).description,
                f"{exact['pesq_wb_mos']:.2f}",
                f"{fast['pesq_wb_mos']:.2f}",
                f"{exact['snr_db']:.0f}",
                f"{fast['snr_db']:.0f}",
                f"{exact['gain_db']:+.2f}",
                f"{costs[name]['ratio']:.1f}",
            )
        )
    lines = [
        f"*Emulated*, teacher-forced against PyTorch float32, mean of "
        f"{choices['sentences']} held-out sentences (`benchmarks/plan_choices.py`); time "
        "*measured* on one core (`benchmarks/emulation.py`):\n",
        *table(head, rows),
    ]
    return "\n".join(lines) + "\n"


def choices_table() -> str:
    choices = json.loads((RESULTS / "plan_choices.json").read_text())
    named = (name.partition("lightning-v2, ") for name in choices["figures"]["exact"])
    found = {what: choices["figures"]["exact"][head + what] for _, head, what in named if head}
    rows = [
        (
            what,
            f"{figures['pesq_wb_mos']:.2f}",
            f"{figures['snr_db']:.1f}",
            f"{figures['lsd_db']:.2f}",
            f"{figures['gain_db']:+.2f}",
            f"{figures['length_ms']:.0f}",
        )
        for what, figures in found.items()
    ]
    lines = [
        f"*Emulated*, exact tier, teacher-forced, mean of {choices['sentences']} held-out "
        "sentences; change in length of free-running speech, mean magnitude "
        "(`benchmarks/plan_choices.py`):\n",
        *table(
            ("`lightning-v2`, but", "PESQ-WB", "SNR, dB", "LSD, dB", "level, dB", "length, ms"),
            rows,
        ),
        f"\nPESQ falls most with {_most_harmful(found)}.",
    ]
    return "\n".join(lines) + "\n"


def _most_harmful(found: dict[str, dict], count: int = 4) -> str:
    """Changes of a plan that lose most PESQ, worst first; the first entry is the plan itself."""
    plan, *changes = found
    loss = {name: found[plan]["pesq_wb_mos"] - found[name]["pesq_wb_mos"] for name in changes}
    worst = sorted(changes, key=loss.get, reverse=True)[:count]
    return "; ".join(f"{name} (-{loss[name]:.2f})" for name in worst)


def fidelity_table() -> str:
    record = json.loads((RESULTS / "low_fidelity.json").read_text())
    lines = [
        f"*Emulated*, exact tier: {record['sites']} matrix operations with weights, each by itself "
        "on the operands that it has in float32 in one sentence; bfloat8_b weights, bfloat16 "
        "activations, 32-bit Dst unless said otherwise; medians, in dB of the result "
        "(`benchmarks/low_fidelity.py`):\n",
        *table(
            ("", "SQNR", "error that is a constant gain", "the rest", "gain"),
            (
                (
                    name,
                    *(f"{found[key]:.1f}" for key in ("sqnr_db", "gain_error_db", "rest_db")),
                    f"{found['gain']:.4f}",
                )
                for name, found in record["figures"].items()
            ),
        ),
    ]
    return "\n".join(lines) + "\n"


def arithmetic_table() -> str:
    speed = json.loads((RESULTS / "tensix.json").read_text())
    tiers = json.loads((RESULTS / "tiers.json").read_text())
    run, cores = speed["voice_run"], speed["threads"]
    lines = [
        f"*Measured* by `benchmarks/tensix.py`, {speed['machine']['cpu']}, {cores} cores; billions "
        "of multiply-adds a second of a 512 x 768 x 768 matmul:\n",
        *table(
            (
                "",
                "exact, 1 thread",
                f"exact, {cores} threads",
                "fast, 1 thread",
                "torch float32, 1 thread",
                "NumPy reference",
            ),
            (
                (name, *(f"{x:.2g}" if x < 1 else f"{x:.1f}" for x in row.values()))
                for name, row in speed["products"].items()
            ),
        ),
        f"\nThe whole voice under `{run['plan']}`, text to waveform: "
        f"{run['rtf_exact_all_threads']:.2f} seconds of compute a second of speech in the exact "
        f"tier on {cores} threads ({run['rtf_exact_one_thread']:.2f} on one), "
        f"{run['rtf_fast']:.3f} in the fast one, "
        f"{run['fast_over_float32']:.1f} times PyTorch float32. An exact matmul takes "
        f"{speed['memory']['ratio']:.1f} times the memory of its operands at its peak.\n",
        "*Emulated* (`benchmarks/tiers.py`): fast minus exact, rms over rms, and values with the "
        "same bits:\n",
        *table(
            ("operation on Gaussian data", "deviation, %", "same bits, %"),
            (
                (name, f"{found['deviation_percent']:.2f}", f"{found['equal_percent']:.0f}")
                for name in SHOWN_OPERATIONS
                for found in [tiers["operations"][name]]
            ),
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
