"""Clips of errors, for a player that lays the errors of several plans side by side."""

from dataclasses import replace

from lightning_v2.analysis import colours

from .ab_player import Clip


def difference_clips(*comparisons) -> list[Clip]:
    """The reference, and what each plan adds to it, with the gain that makes it audible.

    Args:
        comparisons: `Comparison`s, at least one, all of the same reference.
    """
    first = comparisons[0].reference
    wave, rate = first.waveform, first.sample_rate
    clips = [Clip("reference", wave, rate, colours.REFERENCE, comparisons[0].reference_words)]
    for comparison in comparisons:
        plan = comparison.plan.name
        clip = Clip.difference(wave, comparison.candidate.waveform, rate, colours.of_plan(plan))
        clips.append(replace(clip, label=f"{plan} − reference"))
    return clips
