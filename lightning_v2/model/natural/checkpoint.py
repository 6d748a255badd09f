"""A natural voice on disk: a folder with config.json and model.safetensors, weights in float16."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from safetensors.torch import save, save_file

from lightning_v2.files import written_whole
from lightning_v2.model.checkpoint import (
    CONFIG,
    WEIGHTS,
    CheckpointError,
    check_finite,
    difference,
    file_digest,
    read_config,
    read_weights,
    without_values,
)
from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork

FORMAT = "lightning-v2-natural-voice/1"

_digests: WeakKeyDictionary[NaturalNetwork, tuple[dict, str]] = WeakKeyDictionary()


def save_checkpoint(
    folder: Path,
    network: NaturalNetwork,
    config: NaturalConfig,
    symbols: Mapping[str, int],
    about: dict,
) -> None:
    """Write a voice; files that are there are replaced only when the new ones are complete.

    Args:
        symbols: phone -> row of the embedding.
        about: provenance, stored in config.json as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.half().contiguous() for name, value in _own(network).items()}
    with written_whole(folder / CONFIG) as text, written_whole(folder / WEIGHTS) as weights:
        save_file(tensors, weights)
        weights.chmod(0o644)
        document = {
            "format": FORMAT,
            "about": about,
            "voice": dataclasses.asdict(config),
            "symbols": dict(symbols),
            "sha256": file_digest(weights),
        }
        text.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def load_checkpoint(folder: Path) -> tuple[NaturalNetwork, NaturalConfig, dict[str, int]]:
    """Read a voice.

    Returns:
        The network in evaluation mode and float32, its sizes, and the rows of its phones.

    Raises:
        CheckpointError: if a file is missing, damaged, truncated, or of another kind of model.
    """
    document = read_config(folder)
    config, symbols = _sizes(folder / CONFIG, document)
    tensors, path = read_weights(folder, document), folder / WEIGHTS
    # Whatever sizes the configuration names, no memory is taken yet.
    with without_values():
        expected = {name: value.half() for name, value in _own(NaturalNetwork(config)).items()}
    if problem := difference(expected, tensors):
        raise CheckpointError(f"{path} is not a voice of this kind: {problem}")
    check_finite(path, tensors)
    network = NaturalNetwork(config)
    given = {name: value.float() for name, value in tensors.items()}
    network.load_state_dict(given, strict=False)  # shared weights have one of their names
    return network.eval().requires_grad_(False), config, symbols


def weights_digest(network: NaturalNetwork) -> str:
    """SHA-256 of what a network in memory computes with, constants included.

    It is asked for again and again, and takes tenths of a second: where torch has counted no change
    of a tensor, and its values have the same hash, it is what it was.
    """
    tensors = dict(network.state_dict()) | dict(network.named_buffers())
    marks = {name: _mark(tensor) for name, tensor in tensors.items()}
    known = _digests.get(network)
    if known is None or known[0] != marks:
        content = save({k: v.clone().contiguous() for k, v in tensors.items()})
        known = _digests[network] = marks, hashlib.sha256(content).hexdigest()
    return known[1]


def _mark(tensor: torch.Tensor) -> tuple[int, ...]:
    changes = 0 if tensor.is_inference() else tensor._version
    return tensor.data_ptr(), changes, torch.hash_tensor(tensor).item()


def _own(network: NaturalNetwork) -> dict[str, torch.Tensor]:
    """The state of a network; weights that several layers share under the first of their names."""
    names = dict(network.named_parameters(remove_duplicate=False))
    second = names.keys() - dict(network.named_parameters()).keys()
    return {name: x for name, x in network.state_dict().items() if name not in second}


def _sizes(path: Path, document: object) -> tuple[NaturalConfig, dict[str, int]]:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else document
        raise CheckpointError(f"{path} has format {found!r}, expected {FORMAT!r}")
    stored, symbols = document.get("voice"), document.get("symbols")
    if not isinstance(stored, dict):
        raise CheckpointError(f"{path}: 'voice' is {stored!r}: must hold the sizes of a voice")
    try:
        config = NaturalConfig.of(stored)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    rows = symbols.values() if isinstance(symbols, dict) else [None]
    if not all(isinstance(row, int) and 0 <= row < config.symbols for row in rows):
        raise CheckpointError(f"{path}: 'symbols' has rows that are not in the embedding")
    return config, symbols
