"""How far programs of two sites are from sites one by one: a sentence of lark in the exact tier.

Apart, every site has a program of its own: the torch calls of the network are intercepted one by
one, with the lowering's blocks of K. Durations and F0 are given. All is emulated. Prints a table;
--write puts it into docs/deploying.md.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from markdown_table import table
from marked_text import replaced
from tqdm import tqdm

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.analysis.metrics.audio_metrics import pesq_wb_mos, snr_db
from lightning_v2.analysis.sites.isolated import called_precisions
from lightning_v2.deployment.lowering.natural.together import masked
from lightning_v2.precision import voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.report.records import write_whole

DOCUMENT = Path(__file__).parent.parent / "docs" / "deploying.md"
START, END = "<!-- fused: benchmarks/fused.py -->\n", "<!-- end of fused -->"
TEXT = "The birch canoe slid on the smooth planks."
COLUMNS = (
    "plan",
    "sites in such programs",
    "of their values, on the same operands, differ, %",
    "of all values, in the whole sentence, differ, %",
    "waveforms: one beside the other, dB",
    "fused beside float32, dB",
    "apart beside float32, dB",
    "PESQ-WB fused",
    "PESQ-WB apart",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", nargs="+", default=["lightning-v2", "bf16"])
    parser.add_argument("--write", action="store_true", help="into docs/deploying.md")
    args = parser.parse_args()
    voice = lv2.load()
    rows = [row(voice, plan) for plan in tqdm(args.plans, disable=None)]
    found = "\n".join(table(COLUMNS, rows)) + "\n"
    print(found)
    if args.write:
        write_whole(DOCUMENT, replaced(DOCUMENT.read_text(), START, END, found))
    return 0


def row(voice: lv2.Voice, name: str) -> tuple[str, ...]:
    """What is shown of one plan."""
    plan = for_voice(lv2.Plan.load(name), voice_sites(voice))
    reference = voice.synthesize(TEXT)
    alone, values = _Alone(voice, plan), {}
    with lv2.emulate(voice, plan, tier="exact", observer=alone):
        fused = voice.synthesize(TEXT, forced=reference).waveform

    def keep(call: tensix.SiteCall) -> None:
        values[call.site] = call.result.numpy()

    precisions = called_precisions(voice, plan)
    with tensix.use("exact"), tensix.intercept(voice.model, precisions.get, keep):
        apart = voice.synthesize(TEXT, forced=reference).waveform
    shared = [differing(x, alone.values[site]) for site, x in values.items()]
    right, rate = reference.waveform, voice.sample_rate
    return (
        f"`{name}`",
        str(len(alone.differing)),
        _percent(alone.differing.values()),
        _percent(shared),
        *(f"{snr_db(a, b):.1f}" for a, b in ((apart, fused), (right, fused), (right, apart))),
        *(f"{pesq_wb_mos(right, x, rate):.2f}" for x in (fused, apart)),
    )


class _Alone:
    """Runs by itself, too, what shares a program with another site, or with a mask.

    Attributes:
        values: of each site.
        differing: site -> values that are others by itself, and all of them.
    """

    def __init__(self, voice: lv2.Voice, plan: lv2.Plan):
        self._module, self._precisions = voice.model, called_precisions(voice, plan)
        self._masked = masked(voice.model)
        self.values: dict[str, np.ndarray] = {}
        self.differing: dict[str, tuple[int, int]] = {}

    def __call__(self, call: tensix.SiteCall) -> None:
        self.values[call.site] = call.result.numpy()
        if call.after or call.site in self._masked:
            precision = self._precisions[call.site]
            with tensix.use("exact"):
                y = tensix.lower(call.function, call.args, call.kwargs, precision, self._module)
            self.differing[call.site] = differing(call.result.numpy(), y.numpy())


def differing(a: np.ndarray, b: np.ndarray) -> tuple[int, int]:
    """Values that differ, and all of them."""
    return int(np.count_nonzero(a != b)), a.size


def _percent(counts) -> str:
    counts = list(counts)
    return f"{100 * sum(x for x, _ in counts) / sum(n for _, n in counts):.1f}"


if __name__ == "__main__":
    sys.exit(main())
