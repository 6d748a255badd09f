"""The held-out sentences as a voice says them: WAV files for `lightning-v2 check --recordings`.

python -m lightning_v2.training.heldout FOLDER [--voice hibari] [--sentences N]
"""

import argparse
import sys
from pathlib import Path

from lightning_v2.errors import LightningError
from lightning_v2.resources import held_out_texts
from lightning_v2.voices import load


def record(folder: Path, voice: str, count: int) -> list[Path]:
    """Write KEY.wav of the first held-out lines.

    Raises:
        LightningError: there is no such voice. OSError: the folder cannot be written.
    """
    speaker = load(voice)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {text: folder / f"{key}.wav" for key, text in held_out_texts(count).items()}
    for text, path in paths.items():
        speaker.synthesize(text).save(path)
    return [*paths.values()]


def main(arguments: list[str] | None = None) -> int:
    """0: written. 2: there is no such voice, or the folder cannot be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--voice", default="hibari", help="(default: %(default)s)")
    parser.add_argument("--sentences", type=int, default=100, metavar="N")
    args = parser.parse_args(arguments)
    try:
        paths = record(args.folder, args.voice, args.sentences)
    except (LightningError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{len(paths)} recordings in {args.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
