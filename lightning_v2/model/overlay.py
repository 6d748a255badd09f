"""Changed weights of a voice, kept apart from it: a folder with config.json and model.safetensors.

It holds no more than was changed, and says of which file: for another one it is refused.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from lightning_v2.files import written_whole
from lightning_v2.model.checkpoint import (
    CONFIG,
    WEIGHTS,
    CheckpointError,
    file_digest,
    read_config,
    read_weights,
)
from lightning_v2.model.protocol import Voice

FORMAT = "lightning-v2-overlay/1"


def save_overlay(
    folder: Path, of: str, origin: str, tensors: Mapping[str, Tensor], about: dict
) -> None:
    """Write an overlay; files that are there are replaced only when the new ones are complete.

    Args:
        of: what `lightning_v2.load` knows the voice by.
        origin: `origin_digest` of the voice as it was before.
        tensors: parameter -> its values, of those that were changed.
        about: provenance, stored in config.json as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / CONFIG) as text, written_whole(folder / WEIGHTS) as weights:
        save_file({name: x.detach().cpu().contiguous() for name, x in tensors.items()}, weights)
        weights.chmod(0o644)
        document = {
            "format": FORMAT,
            "about": about,
            "of": of,
            "origin": origin,
            "sha256": file_digest(weights),
        }
        text.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def base_of(folder: Path) -> str | None:
    """What `lightning_v2.load` knows the voice by that an overlay is of; None: it is no overlay.

    Raises:
        CheckpointError: config.json is no JSON.
    """
    if not (folder / CONFIG).exists():
        return None
    document = read_config(folder)
    is_overlay = isinstance(document, dict) and document.get("format") == FORMAT
    return str(document.get("of")) if is_overlay else None


def lay_over(voice: Voice, folder: Path) -> None:
    """Give a voice the weights of an overlay.

    Raises:
        CheckpointError: it is none, is damaged, or is of another voice.
    """
    document = read_config(folder)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CheckpointError(f"{folder / CONFIG} is no overlay of weights: expected {FORMAT!r}")
    origin, here = str(document.get("origin")), origin_digest(voice)
    if origin != here:
        raise CheckpointError(
            f"{folder} holds weights for another file than {voice.name!r}: it was made for "
            f"{document.get('of')!r}, SHA-256 {origin[:12]}…, this one has {here[:12]}…"
        )
    tensors, path = read_weights(folder, document), folder / WEIGHTS
    own = dict(voice.model.named_parameters())
    for name, value in tensors.items():
        if name not in own or own[name].shape != value.shape:
            raise CheckpointError(f"{path} has a tensor {name} {list(value.shape)}: no weight here")
        if not torch.isfinite(value).all():
            raise CheckpointError(f"{path} holds infinite or undefined values in {name}")
    with torch.no_grad():
        for name, value in tensors.items():
            own[name].copy_(value)


def origin_digest(voice: Voice) -> str:
    """SHA-256 of the file that a voice was read from, or of its weights where it tells none."""
    return getattr(voice, "file_digest", None) or voice.digest
