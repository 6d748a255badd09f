"""Golden files with the results of both chips: `verification.py` and `edge_cases.py`.

A file is made bit by bit: each run adds what it lacks, results of another chip or those of a run
that was cut off. Keys of results are out_CHIP_NUMBER; README.md beside this script has the rest.
"""

import argparse
import io
import json
import os
from pathlib import Path

import numpy as np

from lightning_v2.deployment.device.target import open_device, toolchain, ttnn_version
from lightning_v2.deployment.verification.cases import (
    Arrays,
    Case,
    described,
    operands,
    patterns,
    read,
)
from lightning_v2.deployment.verification.on_device import Operations
from lightning_v2.errors import ArgumentError
from lightning_v2.files import write_output
from lightning_v2.provenance import provenance


def run(description: str, cases: list[Case], arrays: Arrays) -> None:
    """The command line of a script whose cases and operands these are; ends the process."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", required=True, choices=("simulator", "silicon"))
    parser.add_argument("--output", required=True, metavar="FILE.npz")
    parser.add_argument("--note", default="", help="kept in the file: how kernels were compiled")
    args = parser.parse_args()
    path = Path(args.output)
    runs, results = earlier(path, cases, arrays) if path.exists() else ({}, {})
    with open_device(args.target) as device:
        operations = Operations(device)
        runs[device.arch] = {
            "ttnn": ttnn_version(),
            "target": args.target,
            "board": device.board,
            "toolchain": toolchain() | {"note": args.note},
            **provenance(Path(__file__).parent),
        }
        for index, case in enumerate(cases):
            key = f"out_{device.arch}_{index}"
            if key not in results:
                found = operations.run(case, operands(case, index, arrays))
                results[key] = patterns(found)
                write(args.output, cases, arrays | results, runs)
                print(index, described(case), flush=True)
    print(f"written to {args.output}: {len(cases)} cases", flush=True)
    # Without the end of the interpreter, in which ttnn now and then hangs.
    os._exit(0)


def earlier(path: Path, cases: list[Case], arrays: Arrays) -> tuple[dict[str, Case], Arrays]:
    """Runs and results that a file holds already.

    Raises:
        ArgumentError: of other cases, or of other operands.
    """
    found, known = read(path)
    if found != cases or any((known[key] != array).any() for key, array in arrays.items()):
        raise ArgumentError(f"{path} has other cases; name another file")
    with np.load(path) as file:
        runs = json.loads(str(file["attrs"]))["runs"]
    return runs, {key: array for key, array in known.items() if key.startswith("out_")}


def write(path: str, cases: list[Case], arrays: Arrays, runs: dict[str, Case]) -> None:
    """The file, in which equal arrays are stored once."""
    first: dict[tuple, str] = {}
    alias = {}
    for key, array in arrays.items():
        known = first.setdefault((array.dtype.str, array.shape, array.tobytes()), key)
        if known != key:
            alias[key] = known
    kept = {key: array for key, array in arrays.items() if key not in alias}
    content = io.BytesIO()
    attributes = json.dumps({"cases": cases, "alias": alias, "runs": runs})
    np.savez_compressed(content, attrs=attributes, **kept)
    write_output(path, content.getvalue())
