"""Voices on disk, by the format that their config.json names."""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from lightning_v2.model.checkpoint import CONFIG, CheckpointError, read_config
from lightning_v2.model.natural.checkpoint import FORMAT
from lightning_v2.model.natural.voice import load_folder
from lightning_v2.model.protocol import Voice
from lightning_v2.resources import DEFAULT_VOICE, data_path

GROUP = "lightning_v2.voices"
"""Of entry points of packages that bring other architectures."""

_OURS = {FORMAT: load_folder}


def load(name: str | Path = DEFAULT_VOICE) -> Voice:
    """Load a voice by its name in data/voices/, or from a folder. Needs no network.

    Its architecture is that of the `format` in config.json: our own, or one that an installed
    package has an entry point for, in the group `lightning_v2.voices`, named like the format: a
    function that takes the folder and returns a `protocol.Voice`.

    Raises:
        CheckpointError: if there is no such voice, nobody knows its format, its files are damaged,
            or what a package has made of them is no voice.
    """
    folder = Path(name)
    if not (folder / "config.json").exists():
        known = known_voices()
        if str(name) not in known:
            raise CheckpointError(
                f"no voice {str(name)!r}: known are {', '.join(known) or 'none'}, "
                "or give the path of a folder with config.json and model.safetensors"
            )
        folder = data_path("voices") / str(name)
    return checked(_loader(folder)(folder), folder)


def checked(voice: object, source: Path) -> Voice:
    """A voice as it is.

    Raises:
        CheckpointError: it is none; `source` is where it comes from.
    """
    offered = set(dir(voice))
    if missing := [n for n in vars(Voice) if not n.startswith("_") and n not in offered]:
        raise CheckpointError(
            f"{source}: a {type(voice).__name__} is no voice: it lacks {', '.join(missing)} "
            "(see model.protocol.Voice)"
        )
    return voice


def known_voices() -> list[str]:
    """Names in data/voices/."""
    return sorted(path.parent.name for path in data_path("voices").glob("*/config.json"))


def _loader(folder: Path) -> Callable[[Path], Voice]:
    document = read_config(folder)
    form = document.get("format") if isinstance(document, dict) else document
    if form in list(_OURS):  # of a damaged file it may be anything
        return _OURS[form]
    others = {entry.name: entry for entry in entry_points(group=GROUP)}
    if form not in list(others):
        known = ", ".join(map(repr, [*_OURS, *others]))
        raise CheckpointError(f"{folder / CONFIG} has format {form!r}, expected {known}")
    return others[form].load()
