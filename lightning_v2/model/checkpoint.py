"""A voice on disk: a folder with config.json and model.safetensors."""

import dataclasses
import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from lightning_v2.errors import LightningError
from lightning_v2.files import written_whole
from lightning_v2.model.config import StackConfig, VoiceConfig
from lightning_v2.model.network import Network
from lightning_v2.text import FEATURES, PHONES

FORMAT = "lightning-v2-voice/1"
CONFIG, _WEIGHTS = "config.json", "model.safetensors"


class CheckpointError(LightningError, ValueError):
    """A checkpoint that cannot be used; the message names the file and what is wrong with it."""


def save_checkpoint(folder: Path, network: Network, config: VoiceConfig, about: dict) -> None:
    """Write a voice; files that are there are replaced only when the new ones are complete.

    Args:
        about: provenance, stored in config.json as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.contiguous().cpu() for k, v in network.state_dict().items()}
    with written_whole(folder / CONFIG) as text, written_whole(folder / _WEIGHTS) as weights:
        save_file(tensors, weights)
        weights.chmod(0o644)
        document = {
            "format": FORMAT,
            "about": about,
            "voice": dataclasses.asdict(config),
            "phones": list(PHONES),
            "features": list(FEATURES),
            "sha256": _sha256(weights),
        }
        text.write_text(json.dumps(document, indent=2) + "\n")


def load_checkpoint(folder: Path) -> tuple[Network, VoiceConfig, str]:
    """Read a voice.

    Returns:
        The network in evaluation mode, its sizes, and the SHA-256 of its weights.

    Raises:
        CheckpointError: if a file is missing, damaged, truncated, or of another kind of model.
    """
    document = _read_own_config(folder)
    config = _voice_config(folder / CONFIG, document)
    path = folder / _WEIGHTS
    if not path.exists():
        raise CheckpointError(f"{path} is missing")
    digest = _sha256(path)
    if digest != document.get("sha256"):
        raise CheckpointError(
            f"{path} is damaged or belongs to another {CONFIG}: its SHA-256 is {digest[:12]}…, "
            f"{CONFIG} says {str(document.get('sha256'))[:12]}…"
        )
    try:
        tensors = load_file(path)
    except (SafetensorError, KeyError) as error:  # a KeyError: of a type that torch does not have
        raise CheckpointError(f"{path} is not a safetensors file: {error}") from error
    with torch.device("meta"):  # whatever sizes the configuration names, no memory is taken yet
        expected = Network(config).state_dict()
    if problem := _difference(expected, tensors):
        raise CheckpointError(f"{path} is not a voice of this kind: {problem}")
    if bad := [name for name, value in tensors.items() if not torch.isfinite(value).all()]:
        raise CheckpointError(f"{path} holds infinite or undefined values in {bad[0]}")
    network = Network(config)
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False), config, digest


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


def _difference(expected: dict[str, torch.Tensor], found: dict[str, torch.Tensor]) -> str:
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


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
