"""Asks ttnn, on mock devices, which blocks of K it chooses: rows of three tables.

    python data/golden/programs.py programs blackhole 11x10
    python data/golden/programs.py convolutions blackhole 11x10
    python data/golden/programs.py transposed blackhole 13x10

asks about everything that the table has of that architecture, and writes what ttnn chose on that
many cores. *Measured*: a mock device chooses programs as a card does. Of a product the kernels say
it, beside each of which ttnn names what it was made with; of a convolution the captured graph.
"""

import argparse
import csv
import functools
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from lightning_v2.deployment import mock

BOARDS = {"wormhole_b0": "n150", "blackhole": "p150"}

Row = dict[str, str]

_TILE = 32
_LAYOUT = ("slices", "layout", "parts", "block_tiles")
_WIDTH = re.compile(r'\{"in0_block_w",(\d+)\}')
_SHARDED = re.compile(r"memory_layout=TensorMemoryLayout::(\w+),.*?shape=\[\d+, (\d+)\]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("arch", choices=BOARDS)
    parser.add_argument("grid", help="columns and rows of cores, as 11x10")
    args = parser.parse_args()
    path, (ask, answers) = Path(__file__).parent / f"{args.table}.csv", TABLES[args.table]
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [row for row in rows if (row["arch"], row["grid"]) != (args.arch, args.grid)]
    asked = {
        tuple(row[name] for name in row if name not in ("grid", *answers)): row
        for row in rows
        if row["arch"] == args.arch
    }
    with tempfile.TemporaryDirectory() as folder:
        device = _open(args.arch, args.grid, Path(folder))
        kept += [
            row | {"grid": args.grid} | ask(device, row, Path(folder) / "kernels")
            for row in tqdm(asked.values())
        ]
    kept.sort(key=lambda row: (row["arch"], row["grid"]))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    sys.stdout.flush()
    # Without the end of the interpreter, in which ttnn now and then hangs.
    os._exit(0)


def _open(arch: str, grid: str, folder: Path) -> Any:
    """A mock device of `grid`, whose kernels go into `folder`."""
    board = mock.environment(BOARDS[arch])
    description = Path(board["TT_METAL_MOCK_CLUSTER_DESC_PATH"]).read_text()
    if arch == "blackhole":  # with all its columns, of which `grid` are used
        description = re.sub(r"(\bharvest_mask:) \w+", r"\1 0", description)
    (folder / "board.yaml").write_text(description)
    columns, rows = map(int, grid.split("x"))
    os.environ |= board | {
        "TT_METAL_MOCK_CLUSTER_DESC_PATH": str(folder / "board.yaml"),
        "TT_METAL_CACHE": str(folder / "kernels"),
        "TT_METAL_CORE_GRID_OVERRIDE_TODEPRECATE": f"{columns - 1},{rows - 1}",
    }
    import ttnn

    device = ttnn.open_device(device_id=0, l1_small_size=16384)
    found = device.compute_with_storage_grid_size()
    if (found.x, found.y) != (columns, rows):
        raise SystemExit(f"the device has {found.x}x{found.y} cores, not {grid}")
    device.disable_and_clear_program_cache()
    return device


def _product(device: Any, row: Row, kernels: Path) -> Row:
    """Tiles of K in one block of a product."""
    import torch
    import ttnn

    m, k, n = (int(row[name]) for name in "mkn")

    def zeros(shape: tuple[int, int], dtype: str) -> Any:
        kind = getattr(ttnn, dtype)
        return ttnn.from_torch(torch.zeros(shape), kind, layout=ttnn.TILE_LAYOUT, device=device)

    for folder in kernels.glob("*/kernels"):
        shutil.rmtree(folder)
    ttnn._ttnn.device.ClearKernelCache()
    ttnn.linear(
        zeros((m, k), row["in0"]),
        zeros((k, n), row["in1"]),
        bias=zeros((1, n), row["bias"]) if row["bias"] else None,
        dtype=getattr(ttnn, row["output"]),
        compute_kernel_config=ttnn.init_device_compute_kernel_config(
            device.arch(), fp32_dest_acc_en=row["fp32_dest_acc_en"] == "1"
        ),
    )
    # Cores at an edge may have a kernel of their own, with the same width.
    (width,) = {
        found[1]
        for path in kernels.glob("*/kernels/bmm_*/*/named_ct_arg_map_generated.h")
        if (found := _WIDTH.search(path.read_text()))
    }
    return {"in0_block_w": width}


def _convolution(device: Any, row: Row, kernels: Path) -> Row:
    """Slices of a convolution, none if it ran as a product; layout, parts and tiles of K in one
    block."""
    import torch
    import ttnn

    names = ("batch", "length", "channels", "outputs", "taps")
    batch, length, channels, outputs, taps = (int(row[name]) for name in names)
    tiled = row["input"].startswith("bfloat8") or row["input"].startswith("bfloat4")
    weights = ttnn.bfloat16 if row["weights"] == "bfloat16" else ttnn.float32
    bias = ttnn.from_torch(torch.zeros(1, 1, 1, outputs), weights) if row["bias"] == "1" else None
    call = functools.partial(
        ttnn.conv1d,
        input_tensor=ttnn.from_torch(
            torch.zeros(batch, length, channels),
            getattr(ttnn, row["input"]),
            layout=ttnn.TILE_LAYOUT if tiled else ttnn.ROW_MAJOR_LAYOUT,
        ),
        weight_tensor=ttnn.from_torch(torch.zeros(outputs, channels, taps), weights),
        bias_tensor=bias,
        device=device,
        in_channels=channels,
        out_channels=outputs,
        batch_size=batch,
        input_length=length,
        kernel_size=taps,
        stride=int(row["stride"]),
        padding=int(row["padding"]),
        dilation=int(row["dilation"]),
        groups=1,
        dtype=getattr(ttnn, row["input"]),
        conv_config=ttnn.Conv1dConfig(weights_dtype=getattr(ttnn, row["weights"])),
        compute_config=ttnn.init_device_compute_kernel_config(
            device.arch(),
            math_fidelity=ttnn.MathFidelity.HiFi4,
            fp32_dest_acc_en=row["input"] == row["weights"] == "float32",
        ),
    )
    return _chosen(call, taps)


def _transposed(device: Any, row: Row, kernels: Path) -> Row:
    """The same of a transposed convolution of height 1."""
    import torch
    import ttnn

    names = ("length", "channels", "outputs", "taps", "stride", "padding", "output_padding")
    length, channels, outputs, taps, stride, padding, more = (int(row[name]) for name in names)
    weights = getattr(ttnn, row["weights"])
    bias = ttnn.from_torch(torch.zeros(1, 1, 1, outputs), weights) if row["bias"] == "1" else None
    call = functools.partial(
        ttnn.conv_transpose2d,
        input_tensor=ttnn.from_torch(
            torch.zeros(1, 1, length, channels), getattr(ttnn, row["input"])
        ),
        weight_tensor=ttnn.from_torch(torch.zeros(channels, outputs, 1, taps), weights),
        bias_tensor=bias,
        device=device,
        in_channels=channels,
        out_channels=outputs,
        batch_size=1,
        input_height=1,
        input_width=length,
        kernel_size=(1, taps),
        stride=(1, stride),
        padding=(0, padding),
        output_padding=(0, more),
        dtype=getattr(ttnn, row["input"]),
        conv_config=ttnn.Conv2dConfig(weights_dtype=weights),
        compute_config=ttnn.init_device_compute_kernel_config(
            device.arch(),
            math_fidelity=ttnn.MathFidelity.HiFi4,
            fp32_dest_acc_en=row["input"] == row["weights"] == "float32",
        ),
    )
    return _chosen(call, taps)


def _chosen(call: Callable[[], object], taps: int) -> Row:
    """What the graph of a convolution says."""
    import ttnn

    ttnn.graph.begin_graph_capture(ttnn.graph.RunMode.NORMAL)
    call()
    nodes = ttnn.graph.end_graph_capture()
    starts = [
        at
        for at, node in enumerate(nodes)
        if node["node_type"] == "function_start"
        and node["params"]["name"] == "Conv2dDeviceOperation"
    ]
    if not starts:
        return {"slices": "0", "layout": "", "parts": "", "block_tiles": ""}
    operand = next(node for node in nodes[starts[0] :] if node["node_type"] == "tensor")["params"]
    layout, each = _SHARDED.search(str(operand["memory_config"])).groups()
    every = int(re.findall(r"\d+", str(operand["shape"]))[-1])
    return {
        "slices": str(len(starts)),
        "layout": layout,
        "parts": str(-(-every // int(each))),
        "block_tiles": str(-(-int(each) * taps // _TILE)),
    }


Ask = Callable[[Any, Row, Path], Row]

TABLES: dict[str, tuple[Ask, tuple[str, ...]]] = {
    "programs": (_product, ("in0_block_w",)),
    "convolutions": (_convolution, _LAYOUT),
    "transposed": (_transposed, _LAYOUT),
}
"""Name of a table -> what fills the last columns of a row, and those columns."""


if __name__ == "__main__":
    main()
