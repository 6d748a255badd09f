"""Voices on disk, whatever their architecture: a folder with config.json and model.safetensors."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch.overrides import TorchFunctionMode

from lightning_v2.errors import LightningError

CONFIG, WEIGHTS = "config.json", "model.safetensors"


class CheckpointError(LightningError, ValueError):
    """A checkpoint that cannot be used; the message names the file and what is wrong with it."""


def read_weights(folder: Path, document: dict) -> dict[str, torch.Tensor]:
    """The tensors beside a config.json, which is `document`, of any kind of network.

    Raises:
        CheckpointError: the file is missing, damaged, truncated, or belongs to another config.json.
    """
    path = folder / WEIGHTS
    if not path.exists():
        raise CheckpointError(f"{path} is missing")
    digest = file_digest(path)
    if digest != document.get("sha256"):
        raise CheckpointError(
            f"{path} is damaged or belongs to another {CONFIG}: its SHA-256 is {digest[:12]}…, "
            f"{CONFIG} says {str(document.get('sha256'))[:12]}…"
        )
    try:
        return load_file(path)
    except (SafetensorError, KeyError) as error:  # a KeyError: of a type that torch does not have
        raise CheckpointError(f"{path} is not a safetensors file: {error}") from error


def check_finite(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Raises:
    CheckpointError: a value of the tensors, which were read from a file, is infinite or undefined.
    """
    for name, value in tensors.items():
        # With NumPy: for a look at so few values torch would wake a thread on every core.
        if not np.isfinite(value.float().numpy()).all():
            raise CheckpointError(f"{path} holds infinite or undefined values in {name}")


@contextmanager
def without_values() -> Iterator[None]:
    """Context in which new modules have no values: they take no memory and hardly any time."""
    with torch.device("meta"), _NothingWritten():
        yield


class _NothingWritten(TorchFunctionMode):
    """Context in which what a new module writes into its tensors is left out.

    Without memory nothing is written anyway, but torch imports its compiler and sympy to find that
    out: they take longer than all the rest of a voice.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = function.__name__
        if name.endswith("_") and not name.endswith("__"):  # normal_, div_ and their kin
            return next(iter([*args, *(kwargs or {}).values()]))
        return function(*args, **(kwargs or {}))


def read_config(folder: Path) -> object:
    """The JSON in the config.json of a folder.

    Raises:
        CheckpointError: there is no such file, or it is no JSON.
    """
    path = folder / CONFIG
    if not path.exists():
        raise CheckpointError(f"{path} is missing: not the folder of a voice")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # of JSON, UTF-8, or a number of 5000 digits
        raise CheckpointError(f"{path} is not JSON: {error}") from error


def difference(expected: dict[str, torch.Tensor], found: dict[str, torch.Tensor]) -> str:
    """What makes tensors others than those expected, by name, type and shape; "" if nothing."""
    if missing := sorted(set(expected) - set(found)):
        return f"{len(missing)} tensors are missing, for example {missing[0]}"
    if extra := sorted(set(found) - set(expected)):
        return f"{len(extra)} tensors are unknown, for example {extra[0]}"
    for name, tensor in expected.items():
        for what in ("dtype", "shape"):
            ours, theirs = getattr(tensor, what), getattr(found[name], what)
            if ours != theirs:
                return f"{name} has {what} {_written(theirs)}, expected {_written(ours)}"
    return ""


def _written(value: torch.dtype | torch.Size) -> str:
    return str(list(value)) if isinstance(value, torch.Size) else str(value)


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
