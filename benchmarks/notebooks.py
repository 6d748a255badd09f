"""What each notebook takes: seconds, memory and disk, as `lightning-v2 notebooks` has left them.

    make notebooks    # of a machine that does nothing else, without build/ and without caches
    .venv/bin/python benchmarks/notebooks.py

Reads build/notebooks and build/site, and writes data/notebooks.json: what the next run says
beforehand. Where a notebook has run several times, with several plans, the mean of its seconds and
of its disk counts, and the largest of its memory.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean

from lightning_v2.provenance import provenance
from lightning_v2.report.records import Run, read_notebook, write_json

ROOT = Path(__file__).parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build", metavar="FOLDER")
    parser.add_argument("--output", type=Path, default=ROOT / "data" / "notebooks.json")
    args = parser.parse_args()
    found = defaultdict(list)
    for path in sorted((args.build / "notebooks").glob("*.ipynb")):
        run = Run.stored(read_notebook(path))
        if run is None or not run.ok:
            raise SystemExit(f"{path} did not run through: make notebooks first")
        if not run.memory_mb:
            continue  # made before memory was measured
        if (ROOT / "notebooks" / run.notebook).exists() and not run.asked:
            found[Path(run.notebook).stem].append((run, disk_mb(run, args.build)))
    notebooks = {
        name: {
            "seconds": round(mean(run.seconds for run, _ in several), 1),
            "memory_mb": max(run.memory_mb for run, _ in several),
            "disk_mb": round(mean(size for _, size in several), 1),
        }
        for name, several in found.items()
    }
    for name, one in notebooks.items():
        print(f"{name:28} " + ", ".join(f"{value:8g} {key}" for key, value in one.items()))
    write_json(args.output, {"kind": "measured", "notebooks": notebooks, **provenance(ROOT)})
    return 0


def disk_mb(run: Run, build: Path) -> float:
    """Of an executed notebook, its page and the files that it offers."""
    files = [build / "notebooks" / run.executed, build / "site" / run.page]
    files += (build / "site" / "files" / run.stem).glob("*")
    return sum(path.stat().st_size for path in files) / 1e6


if __name__ == "__main__":
    sys.exit(main())
