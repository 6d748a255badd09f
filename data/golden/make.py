"""Golden vectors: operations of ttnn, run on the simulator or on a card, with all that went in.

    make.py exp gelu matmul --target simulator --output my_cases.npz
    make.py --again unary_cases.npz --target silicon

The first makes a file; README.md beside this script describes its layout. The second runs the cases
of a file once more, on the operands that it holds, and says how many values differ, bit for bit.
ttnn and a device of that kind must be set up: `lightning-v2 doctor` says what is missing.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lightning_v2.deployment.device.target import open_device, toolchain, ttnn_version
from lightning_v2.deployment.verification.cases import (
    Arrays,
    Case,
    described,
    operands,
    patterns,
    read,
    values_of,
)
from lightning_v2.deployment.verification.on_device import Operations
from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.files import check_output, write_output
from lightning_v2.provenance import provenance
from lightning_v2.tensix import ComputeKernelConfig
from lightning_v2.tensix.numbers.formats import FORMATS
from lightning_v2.tensix.numbers.sites import FIDELITIES
from lightning_v2.tensix.ops.elementwise import BINARY
from lightning_v2.tensix.ops.unary import UNARY

UNARY_ALONE = [row.name for row in UNARY.values() if not (row.is_variant or row.required)]
ROWS = "layer_norm rms_norm softmax".split()
PRODUCTS = "linear matmul".split()

_M, _K, _N = 32, 96, 64


def cases(op: str, dtype: str) -> Iterator[Case]:
    """The cases that are made of an operation whose first operand is stored as `dtype`."""

    def case(inputs: dict[str, str], output: str = dtype, config: Case | None = None, **options):
        return {
            "op": op,
            "inputs": inputs,
            "options": options,
            "config": config,
            "output": output,
        }

    if op in ROWS or op in UNARY_ALONE:
        yield case({"x": dtype})
    elif op in BINARY:
        yield case({"a": dtype, "b": dtype})
    elif op == "typecast":
        yield from (case({"x": dtype}, other, dtype=other) for other in FORMATS if other != dtype)
    else:
        bias = {"bias": "bfloat16"} if op == "linear" else {}
        for weights in FORMATS:
            for fidelity in FIDELITIES:
                for wide in (False, True):
                    config = ComputeKernelConfig(fidelity, False, wide, True)
                    fields = {name: getattr(config, name) for name in config.__slots__}
                    yield case({"a": dtype, "b": weights, **bias}, config=fields) | {
                        "m": _M,
                        "n": _N,
                    }


OPERATIONS = (*UNARY_ALONE, *BINARY, *ROWS, "typecast", *PRODUCTS)


def shapes(case: Case) -> dict[str, tuple[int, int]]:
    """Shape of every operand of a case that is made."""
    if case["op"] in PRODUCTS:
        return {"a": (_M, _K), "b": (_K, _N), "bias": (1, _N)}
    return dict.fromkeys(("x", "a", "b"), (_M, _N))


def drawn(shape: tuple[int, int], generator: np.random.Generator) -> torch.Tensor:
    """Normal values whose size differs from row to row by powers of two; the first row is 0."""
    scale = np.exp2(np.arange(shape[0]) % 17 - 8.0)
    values = generator.standard_normal(shape) * scale[:, None]
    if shape[0] > 1:
        values[0] = 0
    return torch.from_numpy(values.astype(np.float32))


def made(
    run: Operations, chosen: list[Case], seed: int, report: Callable[[str], None] = print
) -> Arrays:
    """Operands and results of new cases, keys as in a file."""
    generator, arrays = np.random.default_rng(seed), {}
    for index, case in enumerate(chosen):
        sizes = shapes(case)
        given = {
            name: run.stored(drawn(sizes[name], generator), dtype)
            for name, dtype in case["inputs"].items()
        }
        result = run.run(case, given)
        arrays |= {f"{name}_{index}": patterns(x) for name, x in given.items()}
        arrays[f"out_{index}"] = patterns(result)
        report(f"{index} {described(case)}: {result.numel()} values")
    return arrays


def differences(
    run: Operations,
    chosen: list[tuple[int, Case]],
    arrays: Arrays,
    report: Callable[[str], None] = print,
) -> int:
    """How many values of the cases (number, case) of a file come out otherwise."""
    total = 0
    for index, case in chosen:
        given = operands(case, index, arrays)
        expected = values_of(arrays[f"out_{index}"]).flatten()
        whole = (case.get("m"), case.get("n"))
        if "m" in case and whole != (given["a"].shape[-2], given["b"].shape[-1]):
            report(f"{index} {described(case)}: left out, the file holds a corner of it only")
            continue
        result = run.run(case, given).flatten()
        count = int((result.view(torch.int32) != expected.view(torch.int32)).sum())
        report(f"{index} {described(case)}: {count} of {expected.numel()} values differ")
        total += count
    return total


def write(path: str, arrays: Arrays, attributes: dict[str, Any]) -> None:
    """A golden file, whole or not at all."""
    content = io.BytesIO()
    np.savez_compressed(content, attrs=json.dumps(attributes), **arrays)
    write_output(path, content.getvalue())


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "operation", nargs="*", metavar="OPERATION", help=f"one of: {', '.join(OPERATIONS)}"
    )
    parser.add_argument("--target", required=True, choices=("simulator", "silicon"))
    parser.add_argument("--output", metavar="FILE", help="the file to make, .npz")
    parser.add_argument(
        "--formats",
        nargs="+",
        choices=FORMATS,
        default=["bfloat16"],
        help="formats of the first operand (default: bfloat16)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the operands (default: 0)")
    parser.add_argument("--note", default="", help="kept in the file: how kernels were compiled")
    parser.add_argument("--again", type=Path, metavar="FILE", help="a golden file to run again")
    parser.add_argument(
        "--cases", type=int, nargs="+", metavar="N", help="numbers of its cases (default: all)"
    )
    args = parser.parse_args(arguments)
    if bool(args.again) == bool(args.operation):
        parser.error("name either operations or a file with --again")
    if args.operation and not args.output:
        parser.error("--output is missing: where is the file to be?")
    unknown = [name for name in args.operation if name not in OPERATIONS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; legal are {', '.join(OPERATIONS)}")
    return args


def main(arguments: list[str] | None = None) -> int:
    args = parsed(arguments)
    try:
        if args.again:
            found, arrays = read(args.again)
            numbers = range(len(found)) if args.cases is None else args.cases
            if any(not 0 <= number < len(found) for number in numbers):
                raise ArgumentError(f"--cases: {args.again} has cases 0 to {len(found) - 1}")
            with open_device(args.target) as device:
                chosen = [(number, found[number]) for number in numbers]
                count = differences(Operations(device), chosen, arrays)
            print(f"{args.again.name} on {args.target}: {count} values differ")
            return int(count > 0)
        check_output(args.output, (".npz",), "a golden file")
        chosen = [c for op in args.operation for dtype in args.formats for c in cases(op, dtype)]
        with open_device(args.target) as device:
            arrays = made(Operations(device), chosen, args.seed)
            attributes = {
                "ttnn": ttnn_version(),
                "target": args.target,
                "board": device.board,
                "arch": device.arch,
                "toolchain": toolchain() | {"note": args.note},
                "seed": args.seed,
                "cases": chosen,
                **provenance(Path(__file__).parent),
            }
        write(args.output, arrays, attributes)
        print(f"written to {args.output}: {len(chosen)} cases")
        return 0
    except (LightningError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        message = " ".join(str(error).split())[:500]
        print(f"error: ttnn refuses an operation, nothing is written: {message}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Without the end of the interpreter, in which ttnn now and then hangs.
    os._exit(status)
