"""Writes the tables of docs/results.md from benchmarks/results/; --check only compares."""

import argparse
import json
import sys
from collections.abc import Callable
from operator import itemgetter

from check_tables import check_table
from markdown_table import RESULTS, ROOT, table

from lightning_v2.deployment.agreement import load_agreement
from lightning_v2.model.config import HOP, SAMPLE_RATE
from lightning_v2.onnx import heads as hibari
from lightning_v2.precision import Plan, presets
from lightning_v2.report.records import write_whole

VOICE_ROWS = (
    ("ceiling_pesq_wb_mos", "PESQ-WB ceiling: two noise draws of the teacher", ".2f"),
    ("exact_source_share_of_ceiling", "copy synthesis, teacher's source phase: share of it", ".3f"),
    ("smooth_source_share_of_ceiling", "copy synthesis, own source: share of it", ".3f"),
    ("duration_mae_ms", "duration error a phone, ms", ".1f"),
    ("envelope_mcd_db", "mel-cepstral distortion of envelopes, dB", ".2f"),
    ("f0_median_cents", "F0 error, median, cents", ".0f"),
    ("voicing_error_percent", "voicing error, % of frames", ".1f"),
    ("wer_teacher_percent", "word error rate of the teacher ({recogniser}), %", ".1f"),
    ("wer_percent", "word error rate of the voice, text to wave, %", ".1f"),
    ("clicks_in_pauses", "clicks in pauses", ".0f"),
    ("phones_unlike_teacher_percent", "phones the teacher would choose otherwise, %", ".1f"),
    ("rtf_one_core", "seconds of compute a second of speech, float32, one core", ".4f"),
    ("load_s", "seconds to load", ".2f"),
)  # fmt: skip

EXPLORER_ROWS = (
    ("heard", "its sound is in the player"),
    ("measures", "measures and phase are drawn"),
    ("layers", "the error of every site is drawn"),
)

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

SHOWN_FRAMES = 256
"""Bucket of the table of a deployment."""

SUMMED = (
    "programs",
    "dram_read_bytes",
    "dram_written_bytes",
    "host_to_device_bytes",
    "device_to_host_bytes",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a table is stale")
    args = parser.parse_args()
    path = ROOT / "docs" / "results.md"
    old = path.read_text()
    new = old
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
    for name, make in tables.items():
        start, end = f"<!-- {name}: benchmarks/results_document.py -->\n", f"<!-- end of {name} -->"
        before, _, rest = new.partition(start)
        _, _, after = rest.partition(end)
        new = before + start + make() + end + after
    if args.check:
        return int(new != old)
    write_whole(path, new)
    return 0


def voice_table() -> str:
    record = json.loads((RESULTS / "voice.json").read_text())
    heard_by = record.get("recogniser", "pocketsphinx")
    lines = [
        f"*Measured* by `benchmarks/voice.py` on {record['sentences']} held-out sentences "
        f"({record['recogniser_sentences']} for the recogniser), {record['machine']['cpu']}, "
        f"{record['machine']['cores']} cores:\n",
        *table(
            ("", ""),
            (
                (label.format(recogniser=heard_by), f"{record['figures'][key]:{form}}")
                for key, label, form in VOICE_ROWS
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


def foreign_table() -> str:
    record = json.loads((RESULTS / "foreign.json").read_text())
    bounds, voices = record["bounds"], record["voices"]
    head = ("", *(f"{name} {version}" for name, version in voices.items()), "bound")

    def row(words: str, part: str, bound: str, of: Callable[[dict], object]) -> tuple:
        found = [record.get(part, {}).get(name) for name in voices]
        return words, *(f"{of(x)}" if x else "" for x in found), bound

    beside = ", ".join(f"{x:g}" for x in (bounds["float32"][name] for name in voices))
    rows = [
        row(f"float32: time over onnxruntime, {words}", "float32", bound, itemgetter(key))
        for words, key, bound in (
            ("the file itself", "over_onnxruntime_file", beside),
            ("the same float graph", "over_onnxruntime_float", ""),
        )
    ]
    rows += [
        row(
            f"fast tier, `{plan}`: time over our float32",
            "fast",
            f"{bounds['fast']:g}",
            lambda x, plan=plan: x["plans"][plan]["over_float32"],
        )
        for plan in _plans(record.get("fast", {}))
    ]
    rows += [
        row(
            f"exact tier, `{plan}`: multiply-adds a second, share of one matmul's",
            "exact",
            f"{bounds['exact']:g}",
            lambda x, plan=plan: x["plans"][plan]["share"],
        )
        for plan in _plans(record.get("exact", {}))
    ]
    rows += [
        row(
            f"largest memory of a process that says the sentence, {tier}, GiB",
            "memory",
            f"{bounds['memory_bytes'] / 2**30:g}",
            lambda x, tier=tier: f"{x[tier]['peak_bytes'] / 2**30:.2f}",
        )
        for tier in ("float32", "fast", "exact")
    ]
    slowest = ", ".join(f"{bounds['load_s'][name]:g}" for name in voices)
    rows.append(row("seconds to load", "load", slowest, lambda x: f"{x['seconds']:.2f}"))
    lines = [
        f"*Measured* by `benchmarks/foreign.py`, “{record['sentence']}” (exact tier: "
        f"“{record['short']}”, a third of the rounds), one thread, processor time, medians of "
        f"{record['repeats']} rounds of all in turns, {record['machine']['cpu']}:\n",
        *table(head, [row for row in rows if any(row[1:-1])]),
    ]
    return "\n".join(lines) + "\n"


def _plans(part: dict[str, dict]) -> list[str]:
    return list(dict.fromkeys(plan for found in part.values() for plan in found["plans"]))


def deployment_table() -> str:
    record = json.loads((RESULTS / "deployment.json").read_text())
    lines = [
        f"One sentence of {SHOWN_FRAMES} frames ({SHOWN_FRAMES * HOP / SAMPLE_RATE:.1f} s): "
        "encode, pitch and speech together. Counted in graphs captured on mock devices "
        "(*measured*); traffic of DRAM is *modelled*: every operand and result that lies there "
        "moves once (`benchmarks/deployment.py`):\n",
        *_by_board(record),
    ]
    largest = [
        max(found["stages"], key=lambda stage: stage["peak_l1_bytes"])
        for plans in record["boards"].values()
        for found in plans.values()
    ]
    worst = max(largest, key=lambda stage: stage["peak_l1_bytes"] / stage["l1_bytes"])
    lines.append(
        f"\nThe most of L1 that any bucket takes is "
        f"{worst['peak_l1_bytes'] / worst['l1_bytes']:.0%}: {worst['stage']}, {worst['bucket']}, "
        f"on {worst['board']}."
    )
    graph = json.loads((RESULTS / "deployment-hibari.json").read_text())
    seconds = SHOWN_FRAMES * hibari.HOP / hibari.RATE
    lines += [
        f"\nThe same of hibari, whose graph is lowered as it is, for {SHOWN_FRAMES} frames of its "
        f"own ({seconds:.1f} s; `benchmarks/deployment.py --voice hibari`):\n",
        *_by_board(graph),
    ]
    lines += _agreements()
    return "\n".join(lines) + "\n"


def _by_board(record: dict) -> list[str]:
    """Rows of a table: what one sentence asks of each board under each plan."""
    return table(
        (
            "board",
            "cores",
            "plan",
            "programs",
            "distinct, all buckets",
            "peak L1 of a core, KiB",
            "of L1, %",
            "DRAM read, MiB",
            "written",
            "host to device, KiB",
            "back",
        ),
        (
            (board, _cores(found), f"`{plan}`", *_shown(found))
            for board, plans in record["boards"].items()
            for plan, found in plans.items()
        ),
    )


def _agreements() -> list[str]:
    """What the simulators gave, beside the exact tier."""
    rows = []
    for path in sorted((ROOT / "data" / "simulator").glob("*.json")):
        found = load_agreement(path)
        values, known = found.table, found.provenance
        device = known["device"]
        where = (
            known["voice"]["name"],
            f"`{known['plan']['name']}`",
            device["arch"],
            _cores(device) if "grid" in device else "",
        )
        counted = len(values), values["values"].sum(), values["different"].sum()
        rows.append((*where, f"“{known['text']}”", *map(str, counted)))
        # Of the speech of several at once no sites are compared.
        rows += [
            (*where, f"“{row['text']}”", "", str(row["values"]), str(row["different"]))
            for row in known["waveforms"]
        ]
    columns = ("voice", "plan", "chip", "cores", "says", "sites", "values", "of which differ")
    return [
        "\n*Simulated* by ttsim, beside the exact tier (`benchmarks/simulator.py`); a line without "
        "sites is the waveform of one of two sentences at once, one of them in pieces:\n",
        *table(columns, rows),
    ]


def _cores(found: dict) -> str:
    columns, rows = found["grid"]
    return f"{columns} x {rows}"


def _shown(found: dict) -> list[str]:
    of_frames = [x for x in found["stages"] if x["bucket"].startswith(f"frames {SHOWN_FRAMES},")]
    if of_frames:
        bucket = of_frames[0]["bucket"]
        wanted = {("encode", bucket.partition(", ")[2]), ("pitch", bucket), ("speech", bucket)}
    else:  # of a graph: a quarter as many phones, as `Buckets` has them
        frames, phones = f"rows {SHOWN_FRAMES}", f"rows {SHOWN_FRAMES // 4}"
        wanted = {("part 1", phones), ("part 2", frames), ("wave", frames)}
    stages = [x for x in found["stages"] if (x["stage"], x["bucket"]) in wanted]
    if len(stages) != len(wanted):
        raise ValueError(f"a record has {len(stages)} of the stages {sorted(wanted)}")
    total = {name: sum(stage[name] for stage in stages) for name in SUMMED}
    peak = max(stage["peak_l1_bytes"] for stage in stages)
    return [
        f"{total['programs']}",
        f"{found['totals']['distinct_programs']}",
        f"{peak / 2**10:.0f}",
        f"{100 * peak / stages[0]['l1_bytes']:.0f}",
        f"{total['dram_read_bytes'] / 2**20:.1f}",
        f"{total['dram_written_bytes'] / 2**20:.1f}",
        f"{total['host_to_device_bytes'] / 2**10:.0f}",
        f"{total['device_to_host_bytes'] / 2**10:.0f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
