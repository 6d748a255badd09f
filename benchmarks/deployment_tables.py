"""What `benchmarks/deployment.py` and the simulator found, as tables of docs/results.md."""

import json

from markdown_table import RESULTS, ROOT, table

from lightning_v2.deployment.agreement import load_agreement
from lightning_v2.model.natural.config import HOP, SAMPLE_RATE
from lightning_v2.onnx import heads as hibari

SHOWN_FRAMES = 256
"""Bucket of the table of a deployment."""

SUMMED = (
    "programs",
    "dram_read_bytes",
    "dram_written_bytes",
    "host_to_device_bytes",
    "device_to_host_bytes",
)


def deployment_table() -> str:
    record = json.loads((RESULTS / "deployment.json").read_text())
    lines = [
        f"One sentence of {SHOWN_FRAMES} frames ({SHOWN_FRAMES * HOP / SAMPLE_RATE:.1f} s): "
        f"{_named(record)} together. Counted in graphs captured on mock devices "
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


def _named(record: dict) -> str:
    """Names of the stages, as "encode, prosody and speech"."""
    first = next(found for plans in record["boards"].values() for found in plans.values())
    *others, last = dict.fromkeys(stage["stage"] for stage in first["stages"])
    return f"{', '.join(others)} and {last}"


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
        alike = bucket, bucket.partition(", ")[2]
        wanted = {(x["stage"], x["bucket"]) for x in found["stages"] if x["bucket"] in alike}
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
