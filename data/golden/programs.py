"""Asks ttnn, on mock devices, how wide the K blocks of products are: rows of programs.csv.

    python data/golden/programs.py blackhole 11x10

asks again about every product that the table has of that architecture, and writes what ttnn chose
on that many cores. ttnn says it to the compiler of its kernels, which names the width in a file
beside each. *Measured*: a mock device chooses programs as a card does.
"""

import argparse
import csv
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from lightning_v2.deployment import mock

TABLE = Path(__file__).parent / "programs.csv"
BOARDS = {"wormhole_b0": "n150", "blackhole": "p150"}

_WIDTH = re.compile(r'\{"in0_block_w",(\d+)\}')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arch", choices=BOARDS)
    parser.add_argument("grid", help="columns and rows of cores, as 11x10")
    args = parser.parse_args()
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [row for row in rows if (row["arch"], row["grid"]) != (args.arch, args.grid)]
    products = {
        tuple(row[name] for name in row if name not in ("grid", "in0_block_w")): row
        for row in rows
        if row["arch"] == args.arch
    }
    with tempfile.TemporaryDirectory() as folder:
        device = _open(args.arch, args.grid, Path(folder))
        for row in tqdm(products.values(), unit="product"):
            width = _width(device, row, Path(folder) / "kernels")
            kept.append(row | {"grid": args.grid, "in0_block_w": width})
    kept.sort(key=lambda row: (row["arch"], row["grid"]))
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    sys.stdout.flush()
    # Without the end of the interpreter, in which ttnn now and then hangs.
    os._exit(0)


def _open(arch: str, grid: str, folder: Path):
    """A mock device of `grid`, whose kernels go into `folder`."""
    board = mock.environment(BOARDS[arch])
    description = Path(board["TT_METAL_MOCK_CLUSTER_DESC_PATH"]).read_text()
    whole = (
        re.sub(r"(\bharvest_mask:) \w+", r"\1 0", description)
        if arch == "blackhole"
        else description
    )
    (folder / "board.yaml").write_text(whole)
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


def _width(device, row: dict[str, str], kernels: Path) -> str:
    """Tiles of K in one block of a product."""
    import torch
    import ttnn

    m, k, n = (int(row[name]) for name in "mkn")

    def zeros(shape: tuple[int, int], dtype: str):
        kind = getattr(ttnn, dtype)
        return ttnn.from_torch(torch.zeros(shape), kind, layout=ttnn.TILE_LAYOUT, device=device)

    a, b = zeros((m, k), row["in0"]), zeros((k, n), row["in1"])
    bias = zeros((1, n), row["bias"]) if row["bias"] else None
    config = ttnn.init_device_compute_kernel_config(
        device.arch(), fp32_dest_acc_en=row["fp32_dest_acc_en"] == "1"
    )
    for folder in kernels.glob("*/kernels"):
        shutil.rmtree(folder)
    ttnn._ttnn.device.ClearKernelCache()
    ttnn.linear(a, b, bias=bias, dtype=getattr(ttnn, row["output"]), compute_kernel_config=config)
    # Cores at an edge may have a kernel of their own, with the same width.
    (width,) = {
        found[1]
        for path in kernels.glob("*/kernels/bmm_*/*/named_ct_arg_map_generated.h")
        if (found := _WIDTH.search(path.read_text()))
    }
    return width


if __name__ == "__main__":
    main()
