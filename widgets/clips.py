"""Clips of errors, for a player that lays the errors of several plans side by side."""

from dataclasses import replace

from lightning_v2.analysis.display import colours
from widgets.player.ab_player import Clip


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


def alone_clips(*alone) -> list[Clip]:
    """The reference, what each site alone makes of it, and what it adds.

    Args:
        alone: `SiteAlone`s, at least one, all of the same reference.
    """
    first = alone[0].reference
    clips = [Clip("reference", first.waveform, first.sample_rate, colours.REFERENCE, _REST)]
    for one in alone:
        wave, rate, colour = one.candidate.waveform, first.sample_rate, colours.of_plan(one.plan)
        note = f"one site as in plan {one.plan}, emulated, {one.tier} tier; the rest {_REST}"
        difference = Clip.difference(first.waveform, wave, rate, colour)
        clips.append(Clip(f"{one.plan}: {one.site}", wave, rate, colour, note))
        clips.append(replace(difference, label=f"{one.plan}: what it adds"))
    return clips


_REST = "PyTorch float32, not emulated"
