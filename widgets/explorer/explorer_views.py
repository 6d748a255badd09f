"""What the parts of an explorer show of a result: plain values for a browser.

Every one names the state it belongs to by its key, so that a part knows when it is out of date.
"""

import math
from collections.abc import Callable
from functools import wraps
from weakref import WeakKeyDictionary

import numpy as np

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.metrics import alignment
from lightning_v2.analysis.metrics.sanity import playable
from lightning_v2.analysis.metrics.sound.spectrogram import HOP, level_difference_db, spectrogram
from lightning_v2.analysis.sites.site_values import broken_sites
from widgets.explorer import explorer_drawing as drawing
from widgets.explorer.explorer_measures import cards_of, glance_of
from widgets.explorer.explorer_prosody import prosody_pictures
from widgets.explorer.explorer_result import Result
from widgets.explorer.explorer_state import State
from widgets.player.ab_player import Clip

DIFFERENCE_RANGE_DB = 20.0


def _kept[View](view: Callable[[Result], View]) -> Callable[[Result], View]:
    """The same view, made once of a result as long as there is one."""
    known: WeakKeyDictionary[Result, View] = WeakKeyDictionary()

    @wraps(view)
    def show(result: Result) -> View:
        if result not in known:
            known[result] = view(result)
        return known[result]

    return show


def named(state: State) -> dict[str, str]:
    """Which state a view belongs to."""
    return {"key": state.key, "words": state.words}


@_kept
def clips(result: Result) -> list[Clip]:
    """To hear. The labels are the same for every plan: what is selected stays selected.

    There is a difference where sample n belongs to sample n.
    """
    reference, candidate, state = result.reference, result.candidate, result.state
    rate, plan = reference.sample_rate, state.plan.name
    words = f"plan {plan}, emulated, {state.tier} tier, {state.run}"
    of = (
        f"plan {reference.plan}, emulated, {reference.tier} tier"
        if reference.plan
        else "PyTorch float32, not emulated"
    )
    found = [
        Clip("reference", reference.waveform, rate, colours.REFERENCE, of),
        Clip("candidate", candidate.waveform, rate, colours.of_plan(plan), words),
    ]
    if alignment.pairing(reference, candidate) == "samples":
        pair = reference.waveform, candidate.waveform
        found.append(Clip.difference(*pair, rate, colours.DIFFERENCE))
    return found


@_kept
def sound(result: Result) -> dict:
    """Waveforms, and where in time and frequency the candidate is louder or quieter."""
    pictures = [_waves(result)]
    if alignment.pairing(result.reference, result.candidate) != "nothing":
        pictures.append(_difference(result))
    return named(result.state) | {"pictures": pictures}


def _waves(result: Result) -> dict:
    """Each on its own time; the difference where sample n belongs to sample n."""
    plan, rate = result.state.plan.name, result.reference.sample_rate
    speeches = result.reference, result.candidate
    longest = max(len(speech.waveform) for speech in speeches)
    pair = [
        np.pad(playable(speech.waveform), (0, longest - len(speech.waveform)))
        for speech in speeches
    ]
    loudest = max(float(np.abs(waveform).max()) for waveform in pair)
    largest = f"largest sample of both {loudest:.2g} of full scale"
    traces = [
        drawing.trace("reference", colours.REFERENCE, pair[0], loudest),
        drawing.trace(plan, colours.of_plan(plan), pair[1], loudest),
    ]
    if alignment.pairing(*speeches) == "samples":
        apart = pair[1] - pair[0]
        most = float(np.abs(apart).max())
        traces.append(drawing.trace("difference", colours.DIFFERENCE, apart, most))
        title = "Waveforms, both on one scale, and their difference on its own"
        alt = (
            f"Waveforms of the reference, of {plan} and of their difference; largest difference "
            f"{most:.2g}, {largest}."
        )
    else:
        title = "Waveforms, both on one scale, each at its own pace"
        lengths = [f"{speech.duration_s:.2f} s" for speech in speeches]
        alt = f"Waveforms of the reference, {lengths[0]}, and of {plan}, {lengths[1]}; {largest}."
    return {
        "kind": "waves",
        "title": title,
        "alt": alt,
        "x": drawing.axis(0.0, longest / rate, "time (s)"),
        "traces": traces,
    }


def _difference(result: Result) -> dict:
    """Of the spectrograms, phone by phone where the durations differ."""
    reference, candidate = result.reference, result.candidate
    plan, rate = result.state.plan.name, reference.sample_rate
    centres = None
    if alignment.pairing(reference, candidate) == "frames":
        lengths = [alignment.durations(speech, HOP) for speech in (reference, candidate)]
        count = -(-len(reference.waveform) // HOP)
        centres = alignment.matching_samples(*lengths, count, HOP)
    a = spectrogram(playable(reference.waveform), rate)
    b = spectrogram(playable(candidate.waveform), rate, centres=centres)
    difference = level_difference_db(a, b)
    p95 = float(np.percentile(np.abs(difference), 95))
    paired = "" if centres is None else ", phone by phone"
    return {
        "kind": "map",
        "title": f"Spectrogram, candidate − reference{paired} (floor 80 dB below the loudest bin)",
        "alt": f"Difference of the spectrograms of {plan} and the reference{paired}: 95 % of all "
        f"bins differ by less than {p95:.1f} dB.",
        "png": drawing.png(difference, colours.DIFFERENCE_MAP + "_r", DIFFERENCE_RANGE_DB),
        "x": drawing.axis(0.0, reference.duration_s, "time (s)"),
        "y": drawing.axis(0, a.frequencies_hz[-1] / 1000, "kHz"),
        "scale": drawing.scale(
            colours.DIFFERENCE_MAP + "_r",
            (-DIFFERENCE_RANGE_DB, DIFFERENCE_RANGE_DB),
            "difference (dB)",
        ),
    }


@_kept
def measures(result: Result) -> dict | None:
    """Cards of the measures, and pictures: of the phase, or of durations and F0 where they are the
    candidate's own. None if not known yet."""
    if result.metrics is None:
        return None
    run = result.state.run
    teacher_forced = result.state.teacher_forced
    return named(result.state) | {
        "cards": cards_of(result.metrics, run),
        "glance": len(glance_of(run)),
        "pictures": _phase(result) if teacher_forced else prosody_pictures(result),
    }


def _phase(result: Result) -> list[dict]:
    """How far the phase has moved."""
    phase, plan = result.phase, result.state.plan.name
    seconds = (0.0, result.reference.duration_s)
    drift = phase.fundamental_cycles
    reach = max(0.5, float(np.nanmax(np.abs(drift), initial=0.0)) * 1.1)
    limits = (-reach, reach)
    return [
        {
            "kind": "map",
            "title": "Phase, candidate − reference (bins above −50 dB)",
            "alt": f"Phase of {plan} against the reference over time and frequency; the group "
            f"delay stays within {phase.group_delay_p95_ms:.2g} ms (p95).",
            "png": drawing.png(phase.radians, colours.PHASE_MAP, math.pi),
            "x": drawing.axis(*seconds, "time (s)"),
            "y": drawing.axis(0, phase.frequencies_hz[-1] / 1000, "kHz"),
            "scale": drawing.scale(
                colours.PHASE_MAP, (-math.pi, math.pi), "phase (rad)", ("−π", "π")
            ),
        },
        {
            "kind": "lines",
            "title": "Phase drift of the fundamental (cycles)",
            "alt": f"Drift of the fundamental of {plan}: "
            f"{phase.fundamental_drift_p95_cycles:.2g} cycles (p95).",
            "x": drawing.axis(*seconds, "time (s)"),
            "y": drawing.axis(*limits, "cycles"),
            "zero": 0.5,
            "traces": [
                drawing.line(plan, colours.of_plan(plan), phase.times_s, drift, seconds[1], limits)
            ],
        },
    ]


@_kept
def layers(result: Result) -> dict | None:
    """Signal to error of every site, alone and accumulated; None if not known yet."""
    if result.layers is None:
        return None
    table = result.layers
    kinds = {"isolated": "alone", "accumulated": "and all before it"}
    values = {kind: table[f"{kind}_sqnr_db"].to_numpy() for kind in kinds}
    sites = table["site"].tolist()
    # The order of NaN is after all numbers.
    worst = int(np.argsort(values["isolated"])[0])
    return named(result.state) | {
        "pictures": [
            {
                "kind": "heat",
                "title": "Error of every site, in the order in which they run",
                "alt": f"Signal to error of {len(sites)} sites under {result.state.plan.name}. "
                f"Worst alone: {sites[worst]} with {values['isolated'][worst]:.1f} dB.",
                "sites": sites,
                "rooms": drawing.parts(sites),
                "rows": [
                    {
                        "label": words,
                        "colours": drawing.tones(values[kind]),
                        "db": drawing.decibels(values[kind]),
                    }
                    for kind, words in kinds.items()
                ],
                "scale": drawing.scale(
                    colours.LEVEL_MAP, drawing.LAYER_RANGE_DB, "SQNR (dB), dark is worse"
                ),
            }
        ]
    }


@_kept
def errors(result: Result) -> dict | None:
    """The same as columns of the table of sites, and what became of the values of each.

    `db`: site -> [alone, accumulated] in dB. `flushed`: site -> percent of the activations that
    blocks crush to zero. `broken`: of sites with values that are NaN, infinite or saturated, how
    many. `values`: all that in a line.
    """
    if result.layers is None:
        return None
    pairs = zip(
        result.layers["site"],
        drawing.decibels(result.layers["isolated_sqnr_db"]),
        drawing.decibels(result.layers["accumulated_sqnr_db"]),
        strict=True,
    )
    flushed = result.layers.set_index("site")["activations_flushed_percent"].dropna().round(1)
    return named(result.state) | {
        "db": {site: [alone, all_of] for site, alone, all_of in pairs},
        "flushed": flushed.to_dict(),
        "broken": {broken.site: broken.counts for broken in broken_sites(result.layers)},
        "values": result.comparison.values_words,
    }
