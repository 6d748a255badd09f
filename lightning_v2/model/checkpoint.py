"""A voice on disk: a folder with config.json and model.safetensors."""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save, save_file
from torch.overrides import TorchFunctionMode

from lightning_v2.errors import LightningError
from lightning_v2.files import written_whole
from lightning_v2.model.config import StackConfig, VoiceConfig
from lightning_v2.model.network import Network
from lightning_v2.text import FEATURES, PHONES

FORMAT = "lightning-v2-voice/1"
CONFIG, WEIGHTS = "config.json", "model.safetensors"


class CheckpointError(LightningError, ValueError):
    """A checkpoint that cannot be used; the message names the file and what is wrong with it."""


def save_checkpoint(folder: Path, network: Network, config: VoiceConfig, about: dict) -> None:
    """Write a voice; files that are there are replaced only when the new ones are complete.

    Args:
        about: provenance, stored in config.json as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = _tensors(network)
    with written_whole(folder / CONFIG) as text, written_whole(folder / WEIGHTS) as weights:
        save_file(tensors, weights)
        weights.chmod(0o644)
        document = {
            "format": FORMAT,
            "about": about,
            "voice": dataclasses.asdict(config),
            "phones": list(PHONES),
            "features": list(FEATURES),
            "sha256": file_digest(weights),
        }
        text.write_text(json.dumps(document, indent=2) + "\n")


def load_checkpoint(folder: Path) -> tuple[Network, VoiceConfig]:
    """Read a voice.

    Returns:
        The network in evaluation mode, and its sizes.

    Raises:
        CheckpointError: if a file is missing, damaged, truncated, or of another kind of model.
    """
    document = _read_own_config(folder)
    config = _voice_config(folder / CONFIG, document)
    tensors, path = read_weights(folder, document), folder / WEIGHTS
    # Whatever sizes the configuration names, no memory is taken yet.
    with without_values():
        expected = Network(config).state_dict()
    if problem := difference(expected, tensors):
        raise CheckpointError(f"{path} is not a voice of this kind: {problem}")
    check_finite(path, tensors)
    network = Network(config)
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False), config


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


def weights_digest(network: Network, config: VoiceConfig) -> str:
    """SHA-256 of what a network in memory computes with.

    That of the model.safetensors that `save_checkpoint` would write; where somebody has changed
    what a checkpoint does not hold, because it follows from the sizes, it counts too.
    """
    total = hashlib.sha256(save(_tensors(network)))
    constants, usual = _constants(network), _usual_constants(config)
    if constants.keys() != usual.keys() or not all(
        torch.equal(constants[name], usual[name]) for name in usual
    ):
        total.update(save(constants))
    return total.hexdigest()


def _tensors(network: Network) -> dict[str, torch.Tensor]:
    return {name: value.contiguous().cpu() for name, value in network.state_dict().items()}


def _constants(network: Network) -> dict[str, torch.Tensor]:
    """Buffers that no checkpoint holds."""
    held = network.state_dict().keys()
    buffers = network.named_buffers()
    return {name: value.contiguous().cpu() for name, value in buffers if name not in held}


@functools.lru_cache(maxsize=2)
def _usual_constants(config: VoiceConfig) -> dict[str, torch.Tensor]:
    with torch.random.fork_rng(devices=[]):  # a fresh network draws its weights
        return _constants(Network(config))


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


def _read_own_config(folder: Path) -> dict:
    path, document = folder / CONFIG, read_config(folder)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else document
        raise CheckpointError(f"{path} has format {found!r}, expected {FORMAT!r}")
    for name, ours in (("phones", PHONES), ("features", FEATURES)):
        if document.get(name) != list(ours):
            raise CheckpointError(f"{path} was trained on other {name} than this version speaks")
    return document


def _voice_config(path: Path, document: dict) -> VoiceConfig:
    stored = document.get("voice")
    names = {field.name for field in dataclasses.fields(VoiceConfig)}
    if not isinstance(stored, dict) or set(stored) != names:
        odd = sorted(set(stored) ^ names) if isinstance(stored, dict) else stored
        raise CheckpointError(f"{path}: the fields of 'voice' differ from this version's: {odd}")
    try:
        return VoiceConfig(
            **{k: StackConfig(**v) if isinstance(v, dict) else v for k, v in stored.items()}
        )
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}") from error


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
