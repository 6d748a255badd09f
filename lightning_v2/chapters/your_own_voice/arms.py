"""Is it precision at all? The same measures for float32 against itself, and for plans."""

from collections.abc import Mapping
from dataclasses import dataclass

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.metrics.audio_metrics import measure
from lightning_v2.analysis.metrics.complaints.complaints import COMPLAINTS, complaints
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.chapters.your_own_voice.excerpts import common_end, last_phones
from lightning_v2.model import Speech, Voice

BEFORE = "And this is what they said:"
"""What a text is said after. Many voices take it for a sentence of its own, others do not."""


@dataclass(frozen=True, eq=False)
class Arm:
    """Two speeches of one text, and what measures make of them.

    Attributes:
        name: as a table has it.
        what: the difference between the two, in words.
        reference, candidate: the two.
        values: of `metric.METRICS` and `complaints.COMPLAINTS`.
    """

    name: str
    what: str
    reference: Speech
    candidate: Speech
    values: Mapping[str, float]

    @classmethod
    def of(cls, name: str, what: str, reference: Speech, candidate: Speech) -> "Arm":
        metrics, _ = measure(reference, candidate)
        return cls(name, what, reference, candidate, metrics | complaints(reference, candidate))


def control_arms(voice: Voice, text: str, seed: int = 0) -> list[Arm]:
    """PyTorch's float32 against itself: what every measure says although no precision is lost.

    The same once more; with another seed and the same durations; with another seed and nothing
    given, where the noise decides about time; and the text after other words, where the voice tells
    how long its phones last.

    Args:
        voice: from `lightning_v2.load`.
        text: any text.
        seed: of the noise of the reference.
    """
    said = voice.synthesize(text, seed=seed)
    again = voice.synthesize(text, seed=seed)
    other = voice.synthesize(text, seed=seed + 1, forced=said)
    free = voice.synthesize(text, seed=seed + 1)
    found = [
        Arm.of("float32 again", "the same computation once more", said, again),
        Arm.of("another seed", "other noise, the same durations and F0", said, other),
    ]
    if not _same_time(other, free):
        found.append(Arm.of("another seed, free", "other noise, nothing given", said, free))
    if len(said.durations):
        longer = voice.synthesize(f"{BEFORE} {text}", seed=seed)
        # A front end may read the text otherwise there.
        count = max(common_end(said, longer), 1)
        ends = [last_phones(speech, count) for speech in (said, longer)]
        found.append(Arm.of("after other words", "said after other words", *ends))
    return found


def plan_arm(comparison: Comparison, free: Comparison | None = None) -> Arm:
    """The two speeches of a comparison.

    Args:
        comparison: whose sound is measured.
        free: of the same plan, running freely: what is said of durations is measured on it.
    """
    values = comparison.metrics | complaints(comparison.reference, comparison.candidate)
    if free is not None:
        timed = free.metrics | complaints(free.reference, free.candidate)
        names = [metric.name for metric in (*METRICS, *COMPLAINTS) if metric.of_durations]
        values |= {name: timed[name] for name in names}
    return Arm(
        comparison.plan.name,
        comparison.candidate_words,
        comparison.reference,
        comparison.candidate,
        values,
    )


def _same_time(first: Speech, second: Speech) -> bool:
    """Whether two speeches have the same length, phone by phone."""
    return len(first.waveform) == len(second.waveform) and (
        first.durations.tolist() == second.durations.tolist()
    )
