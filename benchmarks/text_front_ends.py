"""Which text front end reads the table of hard inputs best, how fast it is and what it weighs.

Each front end reads every row of tests/text/hard_inputs.yaml and the held-out sentences, in a
process of its own. A reading is right if it has the letters of a right one; hibari-tts, which gives
phonemes only, if it has the phonemes that it gives to a right one. The rivals are looked for in
another environment, which may hold what this project cannot:

    python -m venv /tmp/rivals && /tmp/rivals/bin/pip install hibari-tts==0.2.1 \
        nemo-text-processing==1.2.0 kitten-text-processing==0.1.0 wetext==0.1.8 gruut==2.4.0 \
        spokenform==0.4.5 normt2s==0.7.0 utterwise==0.1.1 voxnorm==0.5.1

Prints a table and writes benchmarks/results/text_front_ends.json. nemo-text-processing compiles its
grammars for minutes before its first word.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import yaml
from text_front_end_worker import FRONT_ENDS

from lightning_v2.provenance import provenance
from lightning_v2.report.records import write_whole
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "tests/text/hard_inputs.yaml"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python", help="interpreter of the environment that holds the rivals")
    parser.add_argument("--front-ends", nargs="*", default=list(FRONT_ENDS), choices=FRONT_ENDS)
    parser.add_argument("--sentences", type=int, default=50, help="held-out ones, for the speed")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "benchmarks/results/text_front_ends.json"
    )
    args = parser.parse_args()

    kinds = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    rows = [(kind, row) for kind, rows in kinds.items() for row in rows]
    given = {
        "table": [row for _, row in rows],
        "sentences": list(held_out_texts(args.sentences).values()),
    }
    print(f"{len(rows)} hard inputs")
    print(f"{'front end':24} version  wrong raised  sentences/s  load s      MB")
    figures = {}
    for name in args.front_ends:
        interpreter = sys.executable if name == "lightning-v2" else args.python
        found = outcomes(interpreter, name, given)
        figures[name] = figure = summary(found, rows)
        size = f"{figure['installed_mb']:7.1f}" if figure["installed_mb"] else "      -"
        print(
            f"{name:24} {figure['version']:8} {figure['wrong']:5} {figure['raised']:6} "
            f"{figure['sentences_per_s']:12.0f} {figure['load_s']:7.1f} {size}"
        )
    record = {
        "kind": "measured",
        "rows": len(rows),
        "sentences": args.sentences,
        "front_ends": figures,
        **provenance(ROOT),
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(args.output, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {args.output}")
    return 0


def outcomes(interpreter: str, name: str, given: dict) -> dict:
    """What the worker found; its own complaints go to the terminal.

    Raises:
        subprocess.CalledProcessError: the front end is not there, or broken.
    """
    worker = Path(__file__).with_name("text_front_end_worker.py")
    done = subprocess.run(
        [interpreter, str(worker), name],
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def summary(found: dict, rows: list[tuple[str, list[str]]]) -> dict:
    wrong = [
        {"kind": kind, "written": row[0], "said": outcome["said"], "error": outcome["error"]}
        for (kind, row), outcome in zip(rows, found["outcomes"], strict=True)
        if not outcome["right"]
    ]
    size = found["installed_bytes"]
    return {
        "version": found["version"],
        "wrong": len(wrong),
        "raised": sum(one["error"] is not None for one in wrong),
        "sentences_per_s": round(found["sentences_per_s"], 1),
        "load_s": round(found["load_s"], 2),
        "installed_mb": size and round(size / 1e6, 1),
        "wrong_of_kind": dict(Counter(one["kind"] for one in wrong)),
        "wrong_rows": wrong,
    }


if __name__ == "__main__":
    sys.exit(main())
