"""What somebody has chosen to hear: everything that decides a result, and nothing else."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Self

from lightning_v2.analysis.metrics.endpoints import Run
from lightning_v2.model import Voice
from lightning_v2.precision import FLOAT32, Plan, Reference, reference_of, voice_sites
from lightning_v2.precision import edit as plan_edit
from lightning_v2.precision.fit import for_voice
from lightning_v2.tensix.numbers.sites import Site
from lightning_v2.text import TextError
from lightning_v2.voices import load

MOST_CHARACTERS = 200
"""The tensors of the reference are kept: some 40 MB a second of speech."""


@dataclass(frozen=True)
class State:
    """One choice.

    Attributes:
        text: the sentence.
        voice: name or folder.
        reference: "fp32" for PyTorch float32, or the name or path of a plan.
        base: the plan to start from.
        changes: what differs from it, site by site.
        tier: "fast" or "exact".
        seed: of the noise.
        teacher_forced: the candidate has the reference's durations and F0; otherwise its own
            (free-running).
    """

    text: str
    voice: str
    reference: str
    base: Plan
    changes: plan_edit.Changes = ()
    tier: str = "fast"
    seed: int = 0
    teacher_forced: bool = True

    @cached_property
    def speaker(self) -> Voice:
        return loaded(self.voice)

    @cached_property
    def weights(self) -> str:
        """Digest of the voice, which takes hundredths of a second: once a state."""
        return self.speaker.digest

    @cached_property
    def sites(self) -> list[Site]:
        """Of the voice, in the order in which they run."""
        return voice_sites(self.speaker)

    @cached_property
    def start(self) -> Plan:
        """The plan to start from, its roles as names of this voice's sites."""
        return for_voice(self.base, self.sites)

    @cached_property
    def plan(self) -> Plan:
        return plan_edit.with_changes(self.start, self.changes, self.sites)

    @property
    def run(self) -> Run:
        """Which limits apply."""
        return "teacher-forced" if self.teacher_forced else "free-running"

    @property
    def unheard(self) -> tuple[str, ...]:
        """Sites that decide nothing but what a teacher-forced candidate is given: durations, F0."""
        return prosody_sites(self.voice) if self.teacher_forced else ()

    @property
    def unheard_words(self) -> str:
        """Which of the changes cannot be heard, for people; empty if all can."""
        changed = set(self.unheard) & {site for site, _, _ in self.changes}
        if not changed:
            return ""
        first, more = min(changed), len(changed) - 1
        names = f"{first} and {more} more" if more else first
        return (
            f"Changed, and not heard: {names}. Teacher-forced, the candidate has the durations and "
            "F0 of the reference; set durations and F0 to free-running to hear its own."
        )

    @cached_property
    def reference_plan(self) -> Reference:
        """As `Comparison.reference_plan`."""
        found = reference_of(self.reference)
        return found if found == FLOAT32 else for_voice(found, self.sites)

    @cached_property
    def reference_key(self) -> tuple:
        """What decides the reference, and everything that is kept of it."""
        plan = self.reference_plan.digest
        return self.weights, self.text, plan, self.tier, self.seed

    @cached_property
    def key(self) -> str:
        """Of two states with one key the results are the same."""
        parts = *self.reference_key, self.plan.name, self.plan.digest, self.run
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    @property
    def words(self) -> str:
        """For people."""
        text = self.text if len(self.text) <= 40 else f"{self.text[:38]}…"
        how = f"emulated, {self.tier} tier, {self.run}"
        return f"{self.plan.name} against {self.reference}, {how}: “{text}”"

    def edited(self, names: Iterable[str], fields: Mapping[str, object]) -> Self:
        """With some fields of some sites changed, and back in the fast tier.

        Raises:
            EditError: see `plan_edit.changed`.
        """
        changes = plan_edit.changed(self.start, self.changes, names, fields, self.sites)
        return replace(self, changes=changes, tier="fast")

    def restored(self, names: Iterable[str]) -> Self:
        """With some sites as the base has them."""
        return replace(self, changes=plan_edit.without(self.changes, names), tier="fast")

    def check(self) -> None:
        """Find out, in milliseconds, whether this can be computed at all.

        Raises:
            TextError: there is nothing to say, the text holds control characters, or it is too
                long.
            PlanError: a plan is not there, does not parse, or does not fit the voice.
            CheckpointError: there is no such voice.
        """
        if len(self.text) > MOST_CHARACTERS:
            raise TextError(
                f"the text has {len(self.text)} characters, at most {MOST_CHARACTERS} can be "
                "explored at once: take one sentence of it, or use lightning_v2.compare"
            )
        self.speaker.phonemize(self.text)
        self.plan.check(self.sites)
        if self.reference_plan != FLOAT32:
            self.reference_plan.check(self.sites)


@lru_cache(maxsize=2)
def loaded(name: str) -> Voice:
    """A voice by its name or folder; the same object every time."""
    return load(name)


@lru_cache(maxsize=2)
def prosody_sites(name: str) -> tuple[str, ...]:
    """The sites of a voice that decide durations and F0 and nothing else."""
    voice = loaded(name)
    return tuple(
        site.name
        for site in voice_sites(voice)
        if any(fnmatchcase(site.name, glob) for glob in voice.prosody_sites)
    )
