"""The held-out sentences as the teacher says them: WAV files for `lightning-v2 check`.

python -m lightning_v2.training.heldout FOLDER [--sentences N]
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile

from lightning_v2.errors import LightningError
from lightning_v2.files import written_whole
from lightning_v2.model import SAMPLE_RATE
from lightning_v2.resources import held_out_texts
from lightning_v2.training.evaluation import HeldOut


def record(folder: Path, count: int, jobs: int) -> list[Path]:
    """Write KEY.wav, mono at 24 kHz, for the first held-out lines that are one sentence each.

    Raises:
        TeacherMissing: if the teacher is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with TemporaryDirectory() as scratch:
        held = HeldOut.prepare(held_out_texts(count), Path(scratch), jobs)
        for key in held.texts:
            wave = held.corpus.example(key).wave.astype(np.int16)
            path = folder / f"{key.removesuffix('_0')}.wav"
            with written_whole(path) as part:
                soundfile.write(part, wave, SAMPLE_RATE, subtype="PCM_16", format="WAV")
            paths.append(path)
    return paths


def main(arguments: list[str] | None = None) -> int:
    """0: written. 2: the teacher is missing, or the folder cannot be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sentences", type=int, default=100, metavar="N")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    args = parser.parse_args(arguments)
    try:
        paths = record(args.folder, args.sentences, args.jobs)
    except (LightningError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{len(paths)} recordings in {args.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
