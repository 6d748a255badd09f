"""A plan for a voice within minutes: a small search over its parts, and what the plan costs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.analysis.sites.parts import parts_of
from lightning_v2.model import Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice, globs_of
from lightning_v2.precision.moves import precisions_of
from lightning_v2.search.plans import find
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.constraints import Constraints, Figures


def part_globs(voice: Voice) -> dict[str, list[str]]:
    """Part -> globs of its sites, of the parts in which anything is multiplied."""
    counted = {site.name: site for site in voice_sites(voice) if site.macs}
    found = {}
    for part, sites in parts_of(voice).items():
        members = [site for site in sites if site in counted]
        if members:
            found[part] = globs_of(members, counted)
    return found


def plan_for(
    voice: Voice,
    name: str,
    texts: Sequence[str],
    demands: Mapping[str, float],
    base: Plan | str | Path,
    folder: Path,
    tier: str = "fast",
    seed: int = 0,
) -> find.Search:
    """The plan that loses least among those that meet demands, part by part.

    Args:
        voice: for its parts.
        name: under which the processes that measure find the same voice.
        texts: on which every plan is measured.
        demands: on the plan, the words of `Constraints`.
        base: how sites run that are not turned low.
        folder: of results. What is there is not computed again.
        tier: how the emulator computes.
        seed: of the noise.

    Raises:
        ArgumentError: see `Constraints`. UnreachableError: the demands cannot be met.
        SearchError: plans cannot be measured.
    """
    bench = Bench(tuple(texts), folder, voice=name, tier=tier, seed=seed, progress=False)
    base = for_voice(Plan.of(base), voice_sites(voice))
    wanted, globs = Constraints(**demands), part_globs(voice)
    with bench.open() as team:
        return find.search(team, wanted, base, strategy="greedy", globs=globs)


def cost_sheet(voice: Voice, *plans: Plan) -> Sheet:
    """A row a plan: shares, bytes of constants, and cycles of the chip for one sentence."""
    sites = voice_sites(voice)
    rows = []
    for plan in plans:
        figures = Figures.of(precisions_of(for_voice(plan, sites), sites), tuple(sites))
        rows.append(
            {
                "plan": plan.name,
                "LoFi (% of matrix sites)": f"{100 * figures.lofi_share:.1f}",
                "BFP8 or smaller (% of bytes)": f"{100 * figures.bfp8_share:.1f}",
                "constants (MB)": f"{figures.weight_bytes / 1e6:.2f}",
                "thousand cycles (modelled)": f"{figures.cycles / 1e3:.0f}",
            }
        )
    caption = (
        f"Shares and bytes are counted from plan and voice, {len(sites)} sites; cycles are "
        "modelled for one pangram on 64 cores of Wormhole: matrix products alone, without the time "
        "between programs."
    )
    return Sheet(pd.DataFrame(rows), caption)
