"""A drawing of what one stage of a deployed voice runs, operation by operation.

Read like a newspaper: down a column, then on at the top of the next. An operation mostly reads what
the one above it wrote; a bow shows where it reads an older result, as a residual connection does,
and a number where that result stands in another column.
"""

import math
from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.deployment.rehearsal import Rehearsal

ROWS = 38
"""Operations in a column, at least."""

COLUMNS = 3
"""At most."""

KINDS = {
    "matrix product": ("#009e73", ("linear", "matmul")),
    "convolution": ("#0072b2", ("conv1d",)),
    "norm, softmax": ("#e69f00", ("layer_norm", "softmax")),
    "element-wise": (
        "#56b4e9",
        ("add", "subtract", "multiply", "gelu", "exp", "sin", "cos", "clamp"),
    ),
    "transfer": ("#cc79a7", ("upload", "download")),
    "movement of data": (colours.REFERENCE, ()),
}
"""Words of a legend -> colour and ttnn's functions; the last one takes all others."""

_INCH_A_ROW = 0.22
_BAR, _THICK = 0.16, 0.34
"""Width of a full L1, where a column is 1; height, where a row is 1."""


def operation_graph(rehearsal: Rehearsal, stage: str, bucket: str) -> Picture:
    """Operations of a stage in a bucket, what they read, and how much L1 is taken meanwhile.

    stage, bucket: as `Rehearsal.stage`.

    Raises:
        ValueError: the rehearsal has no such stage and bucket.
    """
    report = rehearsal.stage(stage, bucket)
    bucket, l1 = report.bucket, report.l1_bytes
    nodes, edges, operations = (
        table[(table["stage"] == stage) & (table["bucket"] == bucket)]
        for table in (rehearsal.nodes, rehearsal.edges, rehearsal.operations)
    )
    steps = _steps(nodes, edges, operations)
    columns = max(1, min(COLUMNS, math.ceil(len(steps) / ROWS)))
    rows = math.ceil(len(steps) / columns)
    figure = Figure(figsize=(8.6 / COLUMNS * max(columns, 2), _INCH_A_ROW * rows + 0.75))
    axes = figure.add_axes((0.01, 0.0, 0.98, 1 - 0.7 / figure.get_figheight()))
    axes.set(xlim=(-0.04, columns), ylim=(rows - 0.2, -0.8))
    axes.axis("off")
    places = {node: divmod(i, rows) for i, node in enumerate(steps["node"])}
    afar = _draw_edges(axes, edges, places)
    sources = {source for found in afar.values() for source in found}
    order = {node: i for i, node in enumerate(places, 1)}
    for step in steps.to_dict("records"):
        node = step["node"]
        step["number"] = str(order[node]) if node in sources else ""
        step["afar"] = ", ".join(str(order[source]) for source in sorted(afar.get(node, ())))
        _draw_step(axes, step, places[node], l1)
    weights = edges[edges["source"].isin(nodes.loc[nodes["kind"] == "resident", "node"])]
    _draw_weights(axes, weights[weights["memory"].str.startswith("DRAM")], places)
    axes.set_title(f"{stage}, {bucket}: {len(operations)} programs", loc="left", size=10, pad=2)
    handles = [
        Line2D([], [], marker="o", linestyle="none", color=colour, label=label)
        for label, (colour, _) in KINDS.items()
    ]
    figure.legend(
        handles=handles, loc="upper right", ncols=3, fontsize=7.5, frameon=False, borderpad=0.1
    )
    peak = operations["l1_bytes"].max()
    counts = operations["call"].str.removeprefix("ttnn.").value_counts()
    most = ", ".join(f"{count} {name}" for name, count in counts.head(5).items())
    alt = (
        f"Graph of the {len(operations)} device operations of {stage}, {bucket}: {most}. At most "
        f"{peak / 1024:.0f} of {l1 / 1024:.0f} KiB of a core's L1 are taken."
    )
    caption = (
        "Bars: L1 that is taken on the fullest core while the operation runs, of all that there "
        "is. Squares: constants that it reads from DRAM. Bows and numbers: older results that it "
        "reads. " + rehearsal.provenance
    )
    return Picture(figure, alt, caption, {"operations": operations, "edges": edges})


def _steps(nodes: pd.DataFrame, edges: pd.DataFrame, operations: pd.DataFrame) -> pd.DataFrame:
    """Nodes that are steps, in order, with words, colour and L1."""
    steps = nodes[nodes["kind"] != "resident"].sort_values("node").reset_index(drop=True)
    steps["l1_bytes"] = 0
    ran = steps["kind"] == "operation"
    steps.loc[ran, "l1_bytes"] = operations["l1_bytes"].to_numpy()
    details = [_shape(x) for x in operations["results"]]
    fidelities = operations["math_fidelity"].where(operations["call"].isin(_COUNTED), "")
    sent = edges.drop_duplicates("source").set_index("source")["tensor"]
    fetched = edges.drop_duplicates("target").set_index("target")["tensor"]
    moved = steps["node"].map(sent).fillna(steps["node"].map(fetched)).fillna("")
    steps["detail"] = moved.map(_shape)
    steps.loc[ran, "detail"] = [
        f"{detail} {fidelity}".strip() for detail, fidelity in zip(details, fidelities, strict=True)
    ]
    calls = steps["call"].str.removeprefix("ttnn.").str.removeprefix("transformer.")
    inner = steps["label"].str.removesuffix("DeviceOperation")
    steps["name"] = [
        _NAMES.get(label, call) if kind == "operation" else kind
        for kind, call, label in zip(steps["kind"], calls, inner, strict=True)
    ]
    steps["colour"] = [
        _colour(kind if kind != "operation" else call)
        for kind, call in zip(steps["kind"], calls, strict=True)
    ]
    return steps


_COUNTED = ("ttnn.linear", "ttnn.matmul")
"""Calls whose fidelity is shown."""

_NAMES = {
    "Halo": "conv1d: halo",
    "Conv2d": "conv1d",
    "InterleavedToSharded": "to shards",
    "ShardedToInterleaved": "from shards",
    "Tilize": "to tiles",
    "UntilizeCodegen": "to rows",
    "UntilizeWithUnpadding": "to rows",
    "NlpCreateHeads": "split heads",
    "NLPConcatHeads": "join heads",
    "Copy": "copy",
}
"""Device operations whose call says less, as "to_memory_config"."""


def _shape(results: str) -> str:
    """ "1x256x192 bfloat16 tile, L1 interleaved; …" as "256×192"."""
    sizes = results.split(" ")[0].split("x")
    while len(sizes) > 2 and sizes[0] == "1":
        sizes = sizes[1:]
    return "×".join(sizes)


def _colour(name: str) -> str:
    for colour, names in KINDS.values():
        if name in names:
            return colour
    return list(KINDS.values())[-1][0]


def _draw_step(axes: Axes, step: dict, place: tuple[int, int], l1: int) -> None:
    x, y = place
    axes.plot(x + 0.06, y, "o", color=step["colour"], markersize=5, zorder=3)
    number = f"{step['number']}: " if step["number"] else ""
    afar = f" ←{step['afar']}" if step["afar"] else ""
    words = f"{number}{step['name']}  {step['detail']}{afar}"
    axes.text(x + 0.1, y, words, va="center", size=8)
    if step["l1_bytes"]:
        left, share = x + 0.81, step["l1_bytes"] / l1
        axes.barh(y, _BAR, _THICK, left=left, color=colours.REFERENCE, alpha=0.22)
        tone = step["colour"] if share <= 1 else colours.PLANS["naive"]
        axes.barh(y, _BAR * min(share, 1), _THICK, left=left, color=tone)


def _draw_weights(axes: Axes, weights: pd.DataFrame, places: dict[int, tuple[int, int]]) -> None:
    """A square beside each operation that reads constants, larger for more bytes."""
    for target, size in weights.groupby("target")["bytes"].sum().items():
        x, y = places[target]
        side = 1.2 + 0.9 * math.log2(1 + size / 8192)
        axes.plot(x + 0.775, y, "s", color=colours.DIFFERENCE, markersize=side, zorder=3)


def _draw_edges(
    axes: Axes, edges: pd.DataFrame, places: dict[int, tuple[int, int]]
) -> dict[int, set[int]]:
    """Draw those within a column; of the others, the sources of each target."""
    order = {node: i for i, node in enumerate(places)}
    line = {"color": colours.REFERENCE, "linewidth": 0.8, "zorder": 1}
    for (x, y), (along, down) in pairwise(places.values()):
        # One program after the other, whatever they read.
        if x == along:
            axes.plot([x + 0.06] * 2, [y, down], alpha=0.35, **line)
    afar: dict[int, set[int]] = {}
    inner = edges[edges["source"].isin(places) & edges["target"].isin(places)]
    for edge in inner.itertuples():
        apart = order[edge.target] - order[edge.source]
        (x, y), (along, down) = places[edge.source], places[edge.target]
        if x != along and apart > 1:
            afar.setdefault(edge.target, set()).add(edge.source)
        elif apart > 1:
            ends = (x + 0.06, y), (along + 0.06, down)
            style = f"arc3,rad={min(0.3, 1.5 / apart)}"
            axes.add_patch(
                FancyArrowPatch(*ends, connectionstyle=style, arrowstyle="-", alpha=0.75, **line)
            )
    return afar
