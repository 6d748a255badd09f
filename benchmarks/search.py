"""A search for a plan of a voice, from a base to a plan that the equivalence test accepts.

    .venv/bin/python benchmarks/search.py    # how the 4 bits of `lightning-v2` were found

Without --base it starts from `lightning-v2` raised: every product in HiFi4, its weights in
bfloat16, and the search decides which of them may come down. Groups of sites are turned low as in
`lightning-v2 search --sites`; candidates are measured on held-out sentences, and the best of them
are judged, with all controls, on others. What was measured is kept: interrupted, it goes on where
it was. Writes data/searches/VOICE.json, which notebook 07 shows. Half an hour on two cores without
controls.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import lightning_v2 as lv2
from lightning_v2.analysis.verdict.equivalence import ENOUGH_SENTENCES
from lightning_v2.files import user_cache
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.edit import with_rule
from lightning_v2.precision.fit import fitted, globs_of
from lightning_v2.provenance import provenance
from lightning_v2.report.records import write_whole
from lightning_v2.search.check import held_out
from lightning_v2.search.plans import find
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.constraints import Constraints
from lightning_v2.search.plans.search_record import to_dict
from lightning_v2.tensix.numbers.sites import Site

ROOT = Path(__file__).parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="lark", help="a name of `lightning-v2 voices`")
    parser.add_argument("--base", help="how sites run that are not turned low; a name or a file")
    parser.add_argument("--lofi-share", type=float, default=1.0)
    parser.add_argument("--bfp8-share", type=float, default=0.98)
    parser.add_argument("--bfp4-share", type=float, default=0.04)
    parser.add_argument(
        "--sites",
        nargs="+",
        help="globs; the modules of the voice if not given, and the products of blocks of lark",
    )
    parser.add_argument("--sentences", type=int, default=8, help="on the way")
    parser.add_argument("--judged-sentences", type=int, default=ENOUGH_SENTENCES)
    parser.add_argument("--judged", type=int, default=3, help="candidates at most; 0: no test")
    parser.add_argument(
        "--no-controls",
        action="store_true",
        help="judge without the changes that show that the test can fail and can pass",
    )
    parser.add_argument("--generations", type=int, default=4)
    parser.add_argument("--tier", default="fast")
    parser.add_argument("--folder", type=Path, default=user_cache() / "sweeps")
    args = parser.parse_args()
    voice = lv2.load(args.voice)
    sites = voice_sites(voice)
    bench = Bench(
        find.sentences_for_search(args.sentences), args.folder, voice=args.voice, tier=args.tier
    )
    found = find.search(
        bench,
        Constraints(
            lofi_share=args.lofi_share, bfp8_share=args.bfp8_share, bfp4_share=args.bfp4_share
        ),
        Plan.load(args.base) if args.base else raised(Plan.load("lightning-v2"), sites),
        globs=args.sites or globs(sites),
        generations=args.generations,
        judges=held_out(args.judged_sentences) if args.judged else None,
        judged=args.judged,
        controls=not args.no_controls,
    )
    print(f"{found.verdict}: trial {found.best.number} of {len(found.trials)}")
    path = ROOT / "data" / "searches" / f"{voice.name.replace(':', '-')}.json"
    path.parent.mkdir(exist_ok=True)
    record = {**to_dict(found, voice.digest), **provenance(ROOT)}
    write_whole(path, json.dumps(record, indent=1) + "\n")
    print(f"written to {path}")
    return 0 if found.verdict == "equivalent" else 1


def raised(plan: Plan, sites: Sequence[Site]) -> Plan:
    """All of a plan but the formats of its weights and the fidelities of its products."""
    names = globs_of([site.name for site in sites if site.macs], [site.name for site in sites])
    high = {"weights": "bfloat16", "weights_rounding": "nearest", "math_fidelity": "HiFi4"}
    return with_rule(fitted(plan, sites), names, high, f"{plan.name}, raised")


def globs(sites: Sequence[Site]) -> list[str]:
    """Modules of a voice; of the blocks of a decoder, which hold most weights, each product."""
    modules = find.rooms(sites)
    blocks = [glob for glob in modules if glob.startswith("decoder.blocks.")]
    products = [
        site.name
        for site in sites
        if site.macs and any(fnmatchcase(site.name, glob) for glob in blocks)
    ]
    single = [name for name in products if not name.endswith("depthwise")]
    depthwise = ["decoder.blocks.*.depthwise"] if len(single) < len(products) else []
    return [glob for glob in modules if glob not in blocks] + single + depthwise


if __name__ == "__main__":
    sys.exit(main())
