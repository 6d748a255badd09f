"""What decides the result of a notebook, as a digest: the same digest, the same result."""

import hashlib
import json
import os
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from lightning_v2.identity import files_digest
from lightning_v2.precision import Plan
from lightning_v2.voices import files_of

_PACKAGE = Path(__file__).parents[1]
_DATA = ("checks", "plans", "sentences", "simulator", "voices")


def run_key(notebook: Path, parameters: dict[str, object], plans: Iterable[Plan]) -> str:
    """SHA-256 of a notebook, its parameters and plans, and of all code and data it can use.

    Args:
        notebook: the source.
        parameters: as papermill gets them. One that is the path of a file or folder counts by what
            lies there.
        plans: that it runs.
    """
    content = [
        hashlib.sha256(notebook.read_bytes()).hexdigest(),
        parameters,
        [(plan.name, plan.digest, plan.description) for plan in plans],
        [files_digest(path) for one in parameters.items() for path in _paths(*one)],
        _surroundings(),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def _surroundings() -> list:
    """Digests of this library and its data, and versions of everything that is installed."""
    roots = [_PACKAGE, _PACKAGE.parent / "widgets"]
    for data in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        roots += [data / name for name in _DATA if (data / name).is_dir()]
    versions = sorted(f"{found.name} {found.version}" for found in metadata.distributions())
    return [*(files_digest(root) for root in roots), versions]


def _paths(name: str, value: object) -> list[Path]:
    """The file or folder that a parameter names; of a voice all files that belong to it."""
    if not isinstance(value, str) or "/" not in value:
        return []
    paths = (files_of(value) if name == "voice" else []) or [Path(value)]
    return [path for path in paths if os.path.exists(path)]
