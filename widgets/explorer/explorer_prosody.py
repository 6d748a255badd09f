"""Pictures of what a free-running candidate decides itself: durations and F0."""

import numpy as np

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.metrics import alignment
from lightning_v2.analysis.metrics.complaints.phone_lengths import phone_lengths
from lightning_v2.analysis.metrics.sanity import playable
from lightning_v2.analysis.metrics.sound import pitch
from lightning_v2.analysis.metrics.sound.spectrogram import HOP
from widgets.explorer import explorer_drawing as drawing
from widgets.explorer.explorer_result import Result

LEAST_REACH_MS = 10.0
"""Of the picture of durations: less is a matter of a fraction of a frame."""
MOST_LABELS = 48


def prosody_pictures(result: Result) -> list[dict]:
    """Durations phone by phone, where the voice tells them, and F0."""
    return [*_durations(result), _f0(result)]


def _durations(result: Result) -> list[dict]:
    table = phone_lengths(result.reference, result.candidate)
    if not len(table):
        return []
    plan, changes = result.state.plan.name, table["change_ms"].to_numpy()
    reach = max(LEAST_REACH_MS, float(np.abs(changes).max()) * 1.1)
    named = [phone.strip() or "␣" for phone in table["phone"]]
    worst = int(np.abs(changes).argmax())
    every = -(-len(named) // MOST_LABELS)
    ticks = [
        [round((at + 0.5) / len(named), 4), phone]
        for at, phone in enumerate(named)
        if at % every == 0
    ]
    bars = [
        {
            "words": f"{phone}: {row.reference_ms:.0f} ms, here {row.change_ms:+.0f} ms",
            "share": round(float(row.change_ms) / reach, 4),
        }
        for phone, row in zip(named, table.itertuples(), strict=True)
    ]
    return [
        {
            "kind": "bars",
            "title": "Durations phone by phone, candidate − reference",
            "alt": f"By how much each of {len(named)} phones lasts longer under {plan}; most: "
            f"{changes[worst]:+.0f} ms at {named[worst]}.",
            "x": {"label": "phones in order", "ticks": ticks},
            "y": drawing.axis(-reach, reach, "ms"),
            "colour": colours.of_plan(plan),
            "bars": bars,
        }
    ]


def _f0(result: Result) -> dict:
    """As measured on the waveforms; the candidate's on the reference's time where phones tell."""
    reference, candidate = result.reference, result.candidate
    plan, rate = result.state.plan.name, reference.sample_rate
    count = -(-len(reference.waveform) // HOP)
    a = pitch.track(
        playable(reference.waveform), rate, guide_hz=alignment.f0(reference, count, HOP)
    )
    paired = alignment.pairing(reference, candidate)
    centres = None
    if paired == "frames":
        lengths = [alignment.durations(speech, HOP) for speech in (reference, candidate)]
        centres = alignment.matching_samples(*lengths, count, HOP)
    guide = None if paired == "nothing" else a.hz
    b = pitch.track(playable(candidate.waveform), rate, guide_hz=guide, centres=centres)
    times = a.times_s if centres is not None else b.times_s
    end = max(reference.duration_s, float(times[-1]) if len(times) else 0.0)
    voiced = np.concatenate([track.hz[track.voiced] for track in (a, b)])
    limits = (0.9 * float(voiced.min()), 1.1 * float(voiced.max())) if len(voiced) else (60, 500)
    traces = [
        drawing.line(label, colour, moments, np.where(hz > 0, hz, np.nan), end, limits)
        for label, colour, moments, hz in (
            ("reference", colours.REFERENCE, a.times_s, a.hz),
            (plan, colours.of_plan(plan), times, b.hz),
        )
    ]
    at = "time in the reference (s), phone by phone" if centres is not None else "time (s)"
    middle = [np.median(t.hz[t.voiced]) if t.voiced.any() else float("nan") for t in (a, b)]
    return {
        "kind": "lines",
        "title": "F0, measured on both waveforms",
        "alt": f"F0 of the reference and of {plan}, measured on the waveforms; medians "
        f"{middle[0]:.0f} and {middle[1]:.0f} Hz.",
        "x": drawing.axis(0.0, end, at),
        "y": drawing.axis(*limits, "Hz"),
        "traces": traces,
    }
