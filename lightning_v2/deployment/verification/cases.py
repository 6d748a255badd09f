"""Single operations of ttnn with all that went in: the cases of golden files.

A case is a dictionary, as golden files keep it (data/golden/README.md): the operation, the format
of every operand, or the number that stands for one, options, kernel configuration, and the format
of the result. Arrays beside it hold operands and results as bit patterns.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.numbers.configuration import MatmulProgramConfig

Case = dict[str, Any]
Arrays = dict[str, np.ndarray]

NEEDED = ("op", "inputs", "options", "config")
"""What a case must say so that it can be run again."""


NAMED = ("bias", "weight", "mask", "residual_input_tensor")
"""Operands that are given by name."""


def program_config(options: dict[str, Any]) -> MatmulProgramConfig:
    """What options of a case say of a product's program; takes them away."""
    names = ("in0_block_w", "fused_activation", "fast_and_approximate_mode")
    return MatmulProgramConfig(**{name: options.pop(name) for name in names if name in options})


def patterns(values: torch.Tensor) -> np.ndarray:
    """binary32 patterns in uint32, or their upper halves in uint16 if the lower ones are zero."""
    bits = values.contiguous().numpy().view(np.uint32)
    return bits if (bits & 0xFFFF).any() else (bits >> 16).astype(np.uint16)


def values_of(stored: np.ndarray) -> torch.Tensor:
    """The float32 values of `patterns`."""
    wide = stored.astype(np.uint32) << 16 if stored.dtype == np.uint16 else stored
    return torch.from_numpy(np.ascontiguousarray(wide).view(np.float32))


def described(case: Case) -> str:
    """A case in a line."""
    inputs = ", ".join(map(str, case["inputs"].values()))
    settings = case["options"] | (case["config"] or {})
    words = ", ".join(f"{key} {value}" for key, value in settings.items())
    return f"{case['op']}({inputs})" + (f" with {words}" if words else "")


def read(path: Path) -> tuple[list[Case], Arrays]:
    """Cases and arrays of a file; what is stored once for several stands under each of its keys.

    Raises:
        ArgumentError: it is no golden file with cases that say what goes in.
    """
    try:
        with np.load(path) as file:
            arrays = {key: file[key] for key in file.files}
        attributes = json.loads(str(arrays.pop("attrs")))
        found = attributes["cases"]
        _ = [case[name] for case in found for name in NEEDED]
        arrays |= {key: arrays[other] for key, other in attributes.get("alias", {}).items()}
    except (EOFError, OSError, zipfile.BadZipFile, LookupError, ValueError, TypeError) as error:
        raise ArgumentError(
            f"{path} cannot be run again; legal are files whose attrs list cases with "
            f"{', '.join(NEEDED)} ({type(error).__name__}: {error})"
        ) from error
    return found, arrays


def operands(case: Case, index: int, arrays: Arrays) -> dict[str, torch.Tensor | float]:
    """Name -> operand of the case with that number, numbers as they are."""
    return {
        name: values_of(arrays[f"{name}_{index}"]) if isinstance(given, str) else given
        for name, given in case["inputs"].items()
    }
