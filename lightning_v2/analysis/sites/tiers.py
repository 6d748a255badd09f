"""How far the fast tier is from the bits of the chip, site by site."""

from pathlib import Path

import pandas as pd
import torch

from lightning_v2 import tensix
from lightning_v2.analysis.sites.error_sums import ErrorSums
from lightning_v2.analysis.sites.isolated import Isolated
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice


def compare_tiers(voice, text: str, plan: Plan | str | Path, seed: int = 0) -> pd.DataFrame:
    """Both tiers of every site under a plan, each on the inputs of the float32 run.

    Args:
        voice: from `lightning_v2.load`.
        text: any English text.
        plan: name, path or `Plan`.
        seed: of the noise.

    Returns:
        A row a site in the order of its first run. Columns: site, op, deviation_percent (rms of
        fast minus exact over the rms of exact), equal_percent (values with the same bits),
        exact_sqnr_db and fast_sqnr_db (against float32). All emulated.

    Raises:
        PlanError: the plan does not parse or names a site that the voice does not have.
    """
    plan = for_voice(Plan.of(plan), voice_sites(voice))
    plan.check(voice_sites(voice))
    runs = {tier: Isolated(voice, plan, tier) for tier in tensix.TIERS}
    sums: dict[str, tuple[str, dict[str, ErrorSums]]] = {}
    equal: dict[str, int] = {}

    def observe(call: tensix.SiteCall) -> None:
        site, found = call.site, {tier: run(call) for tier, run in runs.items()}
        blank = {key: ErrorSums() for key in ("between", *found)}
        _, kept = sums.setdefault(site, (call.op, blank))
        kept["between"].add(found["exact"], found["fast"])
        for tier, result in found.items():
            kept[tier].add(call.result, result)
        same = torch.eq(found["exact"], found["fast"]).sum().item()
        equal[site] = equal.get(site, 0) + same

    with tensix.intercept(voice.model, lambda site: None, observer=observe):
        voice.synthesize(text, seed=seed)
    return pd.DataFrame(
        {
            "site": site,
            "op": op,
            "deviation_percent": 100 * kept["between"].relative_rms,
            "equal_percent": 100 * equal[site] / kept["between"].count,
            "exact_sqnr_db": kept["exact"].sqnr_db,
            "fast_sqnr_db": kept["fast"].sqnr_db,
        }
        for site, (op, kept) in sums.items()
    )
