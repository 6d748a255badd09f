"""What a sweep says in sentences: which part tolerates least, and whose weights were heard."""

from collections.abc import Sequence

from lightning_v2.analysis.display.picture import Note
from lightning_v2.analysis.display.tables import number
from lightning_v2.chapters.answer.sweep import PLANS, WHOLE, Sweep, Try
from lightning_v2.model import Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.moves import precisions_of


def least_tolerant(found: Sweep) -> Note:
    """The part of which the smallest share of tries keeps all limits; several in a tie."""
    kept: dict[str, list[bool]] = {}
    for one in found.tries:
        if one.group not in (PLANS, WHOLE):
            kept.setdefault(one.group, []).append(one.kept)
    shares = {group: sum(several) / len(several) for group, several in kept.items()}
    least = min(shares.values(), default=1.0)
    if least == 1:
        return Note("No part breaks a limit, in any format and fidelity that was tried.")
    names = [group for group, share in shares.items() if share == least]
    count = f"{sum(kept[names[0]])} of {len(kept[names[0]])}" if least else "none"
    return Note(f"What tolerates least: {', '.join(names)}. Tries that keep all limits: {count}.")


def weights_words(found: Sweep, plans: Sequence[Plan], voice: Voice) -> Note:
    """Which weights the parts speak with, and each plan whose weights have learned it.

    Args:
        plans: those of the sweep, as they fit the voice.
        voice: that was swept.
    """
    own = (
        "Parts, and the whole voice, speak with the voice's own weights, rounded beforehand to "
        "what a fidelity takes of them."
    )
    known = getattr(voice, "adapted", ())
    said = {one.series: one for one in found.tries if one.group == PLANS}
    learned = [_learned(found, said[x.name], x, voice) for x in plans if x.adapted in known]
    return Note(" ".join([own, *learned]))


def _learned(found: Sweep, one: Try, plan: Plan, voice: Voice) -> str:
    """Why a plan may keep limits that the voice breaks at the same fidelity."""
    sites = voice_sites(voice)
    roundings = [
        precision.weights_rounding
        for site, precision in zip(sites, precisions_of(plan, sites).values(), strict=True)
        if site.weights
    ]
    rounded = roundings.count("fidelity") > len(roundings) / 2
    how = ", rounded to what its fidelity takes of them" if rounded else ""
    words = (
        f"{plan.name} has other weights ({plan.adapted}), which were trained further until they "
        f"bear this plan{how}: "
    )
    if not one.kept:
        return f"{words}it uses {number(one.most, 1.0)} of its nearest limit on this sentence."
    broken = [x for x in found.tries if x.group == WHOLE and x.column == "LoFi" and not x.kept]
    beside = f", where the whole voice with its own breaks some in LoFi, {broken[0].series}"
    return f"{words}so it keeps all limits on this sentence{beside if broken else ''}."
