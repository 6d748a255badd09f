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
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lightning_v2.deployment.device.target import Device, open_device, toolchain, ttnn_version
from lightning_v2.deployment.device.ttnn_objects import Words
from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.files import check_output, write_output
from lightning_v2.provenance import provenance
from lightning_v2.tensix import ComputeKernelConfig
from lightning_v2.tensix.numbers.formats import FORMATS
from lightning_v2.tensix.numbers.sites import FIDELITIES
from lightning_v2.tensix.ops.elementwise import BINARY
from lightning_v2.tensix.ops.unary import UNARY

Case = dict[str, Any]
Arrays = dict[str, np.ndarray]

UNARY_ALONE = [row.name for row in UNARY.values() if not (row.is_variant or row.required)]
ROWS = "layer_norm rms_norm softmax".split()
PRODUCTS = "linear matmul".split()

_ENUMS = {"mode": "SigmoidMode", "variant": "GeluVariant"}
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


def patterns(values: torch.Tensor) -> np.ndarray:
    """binary32 patterns in uint32, or their upper halves in uint16 if the lower ones are zero."""
    bits = values.contiguous().numpy().view(np.uint32)
    return bits if (bits & 0xFFFF).any() else (bits >> 16).astype(np.uint16)


def values_of(stored: np.ndarray) -> torch.Tensor:
    """The float32 values of `patterns`."""
    wide = stored.astype(np.uint32) << 16 if stored.dtype == np.uint16 else stored
    return torch.from_numpy(np.ascontiguousarray(wide).view(np.float32))


class Operations:
    """Cases as calls of ttnn on an open device."""

    def __init__(self, device: Device):
        import ttnn

        self._ttnn, self._device, self._words = ttnn, device.handle, Words(device)

    def stored(self, x: torch.Tensor, dtype: str) -> torch.Tensor:
        """x, as a tensor of that format holds it once the host has packed it."""
        return self._ttnn.to_torch(self._tensor(x, dtype, device=None)).float()

    def run(self, case: Case, operands: dict[str, torch.Tensor | float]) -> torch.Tensor:
        """The result of a case, float32.

        Raises:
            RuntimeError: ttnn refuses it.
        """
        options = {key: self._option(key, value) for key, value in case["options"].items()}
        call = self._convolution if case["op"] == "conv1d" else self._call
        return self._ttnn.to_torch(call(case, operands, options)).float()

    def _call(self, case: Case, operands: dict[str, Any], options: dict[str, Any]) -> Any:
        tensors = {
            name: self._tensor(x, case["inputs"][name]) if isinstance(x, torch.Tensor) else x
            for name, x in operands.items()
        }
        if case["config"]:
            config = ComputeKernelConfig(**case["config"])
            options["compute_kernel_config"] = self._words.kernel(config)
        named = {key: tensors.pop(key) for key in ("bias", "weight") if key in tensors}
        function = getattr(self._ttnn, case["op"])
        if case["op"] == "concat":
            return function(list(tensors.values()), **options)
        if case["op"] in ("permute", "reshape", "slice", "transpose"):
            return function(*tensors.values(), *options.values())
        return function(*tensors.values(), **named, **options)

    def _convolution(self, case: Case, operands: dict[str, Any], options: dict[str, Any]) -> Any:
        ttnn = self._ttnn
        tensors = {
            name: self._tensor(x, case["inputs"][name], device=None, tiled=False)
            for name, x in operands.items()
        }
        prepared = {
            key: options.pop(key) for key in ("shard_layout", "weights_dtype") if key in options
        }
        if prepared:
            options["conv_config"] = ttnn.Conv1dConfig(**prepared)
        if case["config"]:
            config = ComputeKernelConfig(**case["config"])
            options["compute_config"] = self._words.kernel(config)
        batch, length, channels = operands["x"].shape
        outputs, _, taps = operands["w"].shape
        return ttnn.conv1d(
            input_tensor=tensors["x"],
            weight_tensor=tensors["w"],
            bias_tensor=tensors.get("bias"),
            device=self._device,
            in_channels=channels,
            out_channels=outputs,
            batch_size=batch,
            input_length=length,
            kernel_size=taps,
            **options,
        )

    def _option(self, key: str, value: Any) -> Any:
        ttnn = self._ttnn
        if key in ("dtype", "weights_dtype"):
            return self._words.dtype(value)
        if key == "shard_layout":
            return getattr(ttnn.TensorMemoryLayout, value)
        return getattr(getattr(ttnn, _ENUMS[key]), value) if key in _ENUMS else value

    def _tensor(self, x: torch.Tensor, dtype: str, device: Any = ..., tiled: bool = True) -> Any:
        ttnn = self._ttnn
        return ttnn.from_torch(
            x,
            dtype=self._words.dtype(dtype),
            layout=ttnn.TILE_LAYOUT if tiled or dtype.endswith("_b") else ttnn.ROW_MAJOR_LAYOUT,
            device=self._device if device is ... else device,
        )


def made(
    run: Operations, chosen: list[Case], seed: int, report: Callable[[str], None] = print
) -> Arrays:
    """Operands and results of new cases, keys as in a file."""
    generator, arrays = np.random.default_rng(seed), {}
    for index, case in enumerate(chosen):
        sizes = shapes(case)
        operands = {
            name: run.stored(drawn(sizes[name], generator), dtype)
            for name, dtype in case["inputs"].items()
        }
        result = run.run(case, operands)
        arrays |= {f"{name}_{index}": patterns(x) for name, x in operands.items()}
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
        operands = {
            name: values_of(arrays[f"{name}_{index}"]) if isinstance(given, str) else given
            for name, given in case["inputs"].items()
        }
        expected = values_of(arrays[f"out_{index}"]).flatten()
        whole = (case.get("m"), case.get("n"))
        if "m" in case and whole != (operands["a"].shape[-2], operands["b"].shape[-1]):
            report(f"{index} {described(case)}: left out, the file holds a corner of it only")
            continue
        result = run.run(case, operands).flatten()
        count = int((result.view(torch.int32) != expected.view(torch.int32)).sum())
        report(f"{index} {described(case)}: {count} of {expected.numel()} values differ")
        total += count
    return total


def described(case: Case) -> str:
    """A case in a line."""
    inputs = ", ".join(map(str, case["inputs"].values()))
    settings = case["options"] | (case["config"] or {})
    words = ", ".join(f"{key} {value}" for key, value in settings.items())
    return f"{case['op']}({inputs})" + (f" with {words}" if words else "")


def read(path: Path) -> tuple[list[Case], Arrays]:
    """Cases and arrays of a file.

    Raises:
        ArgumentError: it is no golden file with cases that say what goes in.
    """
    try:
        with np.load(path) as file:
            arrays = {key: file[key] for key in file.files}
        found = json.loads(str(arrays.pop("attrs")))["cases"]
        missing = {"op", "inputs", "options", "config"} - set.intersection(*map(set, found))
        if missing:
            raise KeyError(*sorted(missing))
    except (EOFError, OSError, zipfile.BadZipFile, LookupError, ValueError, TypeError) as error:
        raise ArgumentError(
            f"{path} cannot be run again; legal are files whose attrs list cases with op, inputs, "
            f"options and config ({type(error).__name__}: {error})"
        ) from error
    return found, arrays


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
