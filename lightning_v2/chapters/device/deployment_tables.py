"""Tables of a deployed voice: stages, operations, programs, and a device beside the emulator."""

import pandas as pd

from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.deployment.agreement import Agreement
from lightning_v2.deployment.observed.readable import KIB, origin, readable
from lightning_v2.deployment.rehearsal import Rehearsal

_PROGRAMS_SHOWN = 10


def stages(rehearsal: Rehearsal) -> Sheet:
    """Programs, memory and transfers of every stage and bucket."""
    words = (
        "One run each. Programs: issued (distinct). DRAM: read + written. To device, to host: size "
        "and number of transfers."
    )
    return Sheet(readable(rehearsal.report), f"{words} {origin(rehearsal.report)}")


def operations(rehearsal: Rehearsal, stage: str, bucket: str) -> Sheet:
    """Every program of a stage in order, folded away.

    Raises:
        ValueError: the rehearsal has no such stage and bucket.
    """
    rows = rehearsal.operations_of(stage, bucket)
    shown = pd.DataFrame(
        {
            "": range(1, len(rows) + 1),
            "call": rows["call"],
            "device operation": rows["operation"].str.removesuffix("DeviceOperation"),
            "operands": rows["operands"].map(_short),
            "results": rows["results"].map(_short),
            "cores": rows["cores"],
            "L1, KiB": (rows["l1_bytes"] / KIB).round(1),
            "fidelity": rows["math_fidelity"],
        }
    )
    words = f"{stage}, {bucket}. Tensors are in tiles and interleaved unless it says otherwise."
    return Sheet(shown, f"{words} {rehearsal.provenance}", shown=0)


def programs(rehearsal: Rehearsal) -> Sheet:
    """Every kind of matrix product: the program chosen, why, and cycles of the others."""
    rows = rehearsal.programs
    kinds = {kind: rows[f"{kind}_cycles"].map(_cycles) for kind in ("rows", "columns", "blocks")}
    shown = pd.DataFrame(
        {
            "product": [product_words(row) for row in rows.to_dict("records")],
            "result": rows["output"],
            "in0_block_w": rows["in0_block_w"],
            "chosen, and what limits it": rows["reason"],
            **{f"{kind}, cycles": cycles for kind, cycles in kinds.items()},
        }
    )
    return Sheet(shown, modelled(rehearsal), shown=_PROGRAMS_SHOWN)


def agreement(found: Agreement | None, other: Agreement | None = None) -> Sheet | None:
    """Device and emulator by operation; None where nothing is stored.

    other: the same on the other chip, where it was asked.
    """
    if found is None:
        return None
    table = found.table
    named = table.assign(operation=table["op"].where(table["op"] != "", table["site"]))
    groups = named.groupby("operation", sort=False)
    shown = pd.DataFrame(
        {
            "sites": groups.size(),
            "values": groups["values"].sum(),
            "differ": groups["different"].sum(),
            "by at most": groups["max_abs"].max(),
            "ulp at most": groups["max_ulp"].max(),
        }
    )
    words = "" if other is None else _on_blackhole(found, other)
    return Sheet(shown.reset_index(), simulated(found) + words)


def product_words(row: dict) -> str:
    """A row of `Rehearsal.programs` in short, as "256×224 · 224×192 bf8_b LoFi"."""
    formats = row["in1"].replace("bfloat", "bf")
    return f"{row['m']}×{row['k']} · {row['k']}×{row['n']} {formats} {row['math_fidelity']}"


def modelled(rehearsal: Rehearsal) -> str:
    """Where the cycles of programs come from, for captions."""
    columns, rows = rehearsal.grid
    return (
        f"Modelled cycles of the busiest core of an {rehearsal.board}, {columns} x {rows} cores, "
        f"plan {rehearsal.plan}. Ways that are not possible have none."
    )


def simulated(found: Agreement) -> str:
    """Where the figures of an agreement come from, for captions."""
    known = found.provenance
    device = known["device"]
    return (
        f"Simulated: “{known['text']}” with ttnn's kernels on the {device['target']} of an "
        f"{device['board']} ({device['arch']}), beside the exact tier; plan "
        f"{known['plan']['name']}, commit {known.get('commit') or 'unknown'}."
    )


def _on_blackhole(found: Agreement, blackhole: Agreement) -> str:
    """What the simulator of the other chip gave, in a sentence."""
    other = blackhole.table.set_index("site")
    same = int((other["digest"] == found.table.set_index("site")["digest"]).sum())
    return (
        f" On Blackhole {other['different'].sum()} of {other['values'].sum()} values differ from "
        f"the exact tier, and {same} of {len(other)} sites have the bits of Wormhole."
    )


def _cycles(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.0f}"


def _short(tensors: str) -> str:
    """Tensors in words, without what most of them are: in tiles and interleaved."""
    for long, short in ((" tile,", ""), (" interleaved", ""), ("height_sharded", "in shards on")):
        tensors = tensors.replace(long, short)
    return tensors
