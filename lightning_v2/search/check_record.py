"""What a check has said: just now, or in a file that `lightning-v2 check -o` wrote.

Files in data/checks/ hold the verdict on a shipped plan on all sentences that the definition asks
for, in the exact tier: nobody has to wait for it, and everybody can ask for it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd

from lightning_v2.analysis.metrics.endpoints import CONFIDENCE, ENDPOINTS, Endpoint
from lightning_v2.analysis.metrics.judges.recogniser import NAME as RECOGNISER
from lightning_v2.analysis.verdict.control_verdict import Answer, ControlVerdict, answer_of
from lightning_v2.analysis.verdict.controls import CONTROLS
from lightning_v2.analysis.verdict.equivalence import ENOUGH_SENTENCES, Judgement, Verdict
from lightning_v2.errors import LightningError, MissingFileError
from lightning_v2.model import Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import named
from lightning_v2.resources import data_path
from lightning_v2.tensix.numbers import configuration

_ORIGIN = ("time", "commit", "machine")
_UNNAMED_RECOGNISER = "pocketsphinx"
"""Of records that do not say which one it was."""


class RecordError(LightningError, ValueError):
    """A file that is no record of a check, is one of an older definition, or contradicts itself."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Another voice whose float32 a plan was held against.

    Attributes:
        name: of the voice.
        digest: SHA-256 of its weights.
    """

    name: str
    digest: str


@dataclass(frozen=True, eq=False)
class Check:
    """What the equivalence test has said of a plan, just now or when its file was written.

    Attributes:
        plan: that was tested, as it was then.
        voice: its name.
        voice_digest: SHA-256 of its weights.
        tier: of every emulation in it.
        seed: of the noise.
        sentences: identifiers.
        verdict: on the plan.
        controls: on each control; empty if there were none.
        free_running: mean of each metric of the free-running plan against float32, frames paired by
            phones.
        code: version and digest of the library that computed the units.
        resamples: of the bootstrap.
        asked: how many sentences were asked for; more than `sentences` if a look at the first of
            them decided.
        error: with which probability an endpoint that reaches its limit just so is said to fail,
            at this look.
        left_out: control or endpoint -> why this voice and its sentences cannot be tested with it.
        set_aside: how many results of other code lie in the store; none of them was used.
        arch: whose rules every emulation followed: that of `tensix.use` around the check.
        recogniser: that heard the words.
        reference: whose float32 the plan was held against; None: that of the voice itself.
        origin: time, commit and machine of a file; empty for a check that was just made.
    """

    plan: Plan
    voice: str
    voice_digest: str
    tier: str
    seed: int
    sentences: tuple[str, ...]
    verdict: Verdict
    controls: tuple[ControlVerdict, ...]
    free_running: Mapping[str, float]
    code: tuple[str, ...]
    resamples: int
    asked: int
    error: float = 1 - CONFIDENCE
    left_out: Mapping[str, str] = field(default_factory=dict)
    set_aside: int = 0
    arch: str = configuration.Settings().arch
    recogniser: str = RECOGNISER
    reference: Reference | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """Whether another one says the same, figure by figure."""
        return isinstance(other, Check) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.plan.digest, self.voice_digest, self.tier, self.seed, self.sentences))

    @classmethod
    def load(cls, plan: str | Path) -> Check:
        """That of a shipped plan by its name, or a JSON file by its path.

        Raises:
            MissingFileError: there is none.
            RecordError: the file is no record of a check, is one of an older definition, or
                contradicts itself.
        """
        path = Path(plan)
        if path.suffix != ".json":
            path = _shipped(str(plan))
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise RecordError(f"{path}: {error}") from error

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Check:
        """That of `to_dict`.

        Raises:
            RecordError: something is missing, what it says does not follow from its figures, or it
                was made before a limit could be "not resolved".
        """
        if "endpoints" in content and "answer" not in content:
            raise RecordError(
                "made by an older definition of the equivalence test, which had no limits on "
                "free-running prosody: its verdict says nothing now; make it again"
            )
        try:
            sentences = content["sample"]["sentences"]
            record = cls(
                plan=Plan.parse(content["plan"]["yaml"]),
                voice=content["voice"]["name"],
                voice_digest=content["voice"]["digest"],
                tier=content["tier"],
                seed=content["seed"],
                sentences=tuple(content["sample"]["identifiers"]),
                verdict=_verdict(content["endpoints"], sentences),
                controls=tuple(
                    ControlVerdict(
                        c["name"], c["what"], c["must"], _verdict(c["endpoints"], sentences)
                    )
                    for c in content["controls"]
                ),
                free_running={
                    name: _number(value) for name, value in content["free_running"].items()
                },
                code=tuple(content["code"]),
                left_out=dict(content.get("left_out", {})),
                set_aside=content.get("set_aside", 0),
                arch=content.get("arch", configuration.Settings().arch),
                recogniser=content.get("recogniser", _UNNAMED_RECOGNISER),
                reference=(of := content.get("reference_voice")) and Reference(**of),
                resamples=content["bounds"]["resamples"],
                asked=content["sample"].get("asked", sentences),
                error=content["bounds"].get("error", 1 - CONFIDENCE),
                origin={name: content[name] for name in _ORIGIN if name in content},
            )
            stated = content["answer"], content["plan"]["digest"]
        except (KeyError, TypeError) as error:
            raise RecordError(f"no record of a check: {error} is missing or misshapen") from error
        if stated != (record.answer, record.plan.digest):
            raise RecordError(
                f"a record that contradicts itself: it states {stated[0]!r} and plan "
                f"{stated[1][:12]}, its figures say {record.answer!r} and its plan is "
                f"{record.plan.digest[:12]}"
            )
        return record

    @property
    def early(self) -> bool:
        """Whether a look at the first sentences decided."""
        return len(self.sentences) < self.asked

    @property
    def wrong_controls(self) -> tuple[str, ...]:
        """Controls that should have passed or failed and did not: then the verdict is void."""
        return tuple(control.name for control in self.controls if control.right is False)

    @property
    def answer(self) -> Answer:
        """Of the verdict and its controls together."""
        return answer_of(self.verdict, self.controls)

    @property
    def equivalent(self) -> bool | None:
        """The answer where there is one."""
        return {"equivalent": True, "not equivalent": False}.get(self.answer)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know beside the verdict."""
        notes = []
        if self.early:
            notes.append(
                f"plainly not equivalent: {len(self.sentences)} of {self.asked} sentences were "
                f"enough to say, with {self.error:.2%} of error"
            )
        elif len(self.sentences) < ENOUGH_SENTENCES:
            notes.append(
                f"{len(self.sentences)} sentences: the definition asks for {ENOUGH_SENTENCES}"
            )
        if len(asked := self.verdict.judgements) < len(ENDPOINTS):
            notes.append(f"asked {len(asked)} of the {len(ENDPOINTS)} endpoints of the definition")
        if not self.early and (open_ones := self.verdict.not_resolved):
            labels = ", ".join(j.endpoint.label for j in open_ones)
            notes.append(f"too few sentences to resolve: {labels}")
        blind = [c.name for c in self.controls if c.must == "fail" and c.right is None]
        if blind and not self.early:
            notes.append(f"too few sentences to see that these fail: {', '.join(blind)}")
        missing = [e for e in self.verdict.not_judged if not e.void]
        if missing:
            labels = ", ".join(f"{e.label} ({e.run})" for e in missing)
            notes.append(f"not judged, the verdict does not rest on them: {labels}")
        for why in dict.fromkeys(e.void for e in self.verdict.not_judged if e.void):
            labels = ", ".join(e.label for e in self.verdict.not_judged if e.void == why)
            notes.append(f"not judged: {labels}: {why}")
        if not self.controls:
            notes.append("no controls: nothing shows that this sample can tell good from bad")
        known = {c.name: "the control " for c in CONTROLS}
        notes += [
            f"without {known.get(name, '')}{name!r}: {why}" for name, why in self.left_out.items()
        ]
        if self.reference:
            notes.append(f"held against float32 of voice {self.reference.name}")
        if self.set_aside:
            notes.append(
                f"{self.set_aside} results that another version of the library left in the store "
                "were not used"
            )
        if self.arch != configuration.Settings().arch:
            notes.append(f"emulated by the rules of {self.arch}")
        return (*notes, "no panel has listened")

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON; figures that are missing are null, infinite ones "inf"."""
        return {
            "kind": "emulated",
            "answer": self.answer,
            "notes": list(self.notes),
            "plan": {
                "name": self.plan.name,
                "digest": self.plan.digest,
                "yaml": self.plan.to_yaml(),
            },
            "voice": {"name": self.voice, "digest": self.voice_digest},
            "tier": self.tier,
            "arch": self.arch,
            "recogniser": self.recogniser,
            "seed": self.seed,
            "reference": "PyTorch float32, not emulated",
            "sample": {
                "sentences": len(self.sentences),
                "asked": self.asked,
                "identifiers": list(self.sentences),
            },
            "bounds": {
                "confidence": CONFIDENCE,
                "method": "one-sided; BCa bootstrap over sentences, order statistics for a "
                "percentile of them",
                "resamples": self.resamples,
                "error": self.error,
            },
            "endpoints": _endpoints(self.verdict),
            "controls": [
                {
                    "name": c.name,
                    "what": c.what,
                    "must": c.must,
                    "does": c.does,
                    "right": c.right,
                    "endpoints": _endpoints(c.verdict),
                }
                for c in self.controls
            ],
            "free_running": {name: _json(value) for name, value in self.free_running.items()},
            "code": list(self.code),
            "left_out": dict(self.left_out),
            "set_aside": self.set_aside,
            **({"reference_voice": asdict(self.reference)} if self.reference else {}),
            **self.origin,
        }

    @property
    def definition_differences(self) -> tuple[str, ...]:
        """What of the definition of the test, as it is now, this record was not held against."""
        asked = [judgement.endpoint for judgement in self.verdict.judgements]
        others = [endpoint.label for endpoint in ENDPOINTS if endpoint not in asked]
        found = []
        if others:
            found.append(
                "This record is not of the whole definition of the test as it is now. It was not "
                f"asked, or with another limit: {', '.join(others)}."
            )
        runs = {endpoint.run for endpoint in asked}
        names = {*(control.name for control in self.controls), *self.left_out}
        missing = [c.name for c in CONTROLS if c.name not in names and not runs.isdisjoint(c.runs)]
        if self.recogniser != RECOGNISER and any(e.weight == "words" for e in asked):
            found.append(f"Its words were heard by another recogniser: {self.recogniser}.")
        if missing and self.controls:
            found.append(f"Controls that it does not have: {', '.join(missing)}.")
        return tuple(found)

    @property
    def provenance(self) -> str:
        """One line that belongs beside every figure."""
        made = ""
        if self.origin:
            machine = self.origin.get("machine", {}).get("cpu", "unknown machine")
            made = (
                f"; made {self.origin.get('time')}, commit {self.origin.get('commit')}, {machine}"
            )
        return (
            f"plan {self.plan.name} on voice {self.voice}, emulated, {self.tier} tier, against "
            f"PyTorch float32; {self.verdict.sentences} held-out sentences, one-sided 95 % bounds, "
            f"BCa bootstrap with {self.resamples} resamples, seed {self.seed}{made}"
        )

    def differences(self, plan: Plan, voice: Voice) -> tuple[str, ...]:
        """What of this plan and voice is not what was tested; nothing if the record is of them."""
        found, sites = [], voice_sites(voice)
        at_hand, tested = (named(one, sites).digest for one in (plan, self.plan))
        for what, here, there in (
            ("plan", (plan.name, at_hand), (self.plan.name, tested)),
            ("voice", (voice.name, voice.digest), (self.voice, self.voice_digest)),
        ):
            if here[1] != there[1]:
                found.append(
                    f"This record is of another {what}: it tested {there[0]} {there[1][:12]}, at "
                    f"hand is {here[0]} {here[1][:12]}. It says nothing of the {what} at hand."
                )
        return tuple(found)


def _shipped(plan: str) -> Path:
    try:
        return data_path("checks", f"{plan}.json")
    except FileNotFoundError as error:
        raise MissingFileError(
            f"{error}; `lightning-v2 check {plan} --tier exact -o FILE.json` makes a record, which "
            "is then read by its path"
        ) from error


def _verdict(endpoints: list[Mapping[str, Any]], sentences: int) -> Verdict:
    names = [known.name for known in fields(Endpoint)]
    judgements = []
    for entry in endpoints:
        endpoint = Endpoint(**{name: entry[name] for name in names})
        figures = (_number(entry[name]) for name in ("estimate", "bound", "best_case"))
        judgement = Judgement(endpoint, entry["sentences"], entry["total_weight"], *figures)
        if judgement.state != entry["state"]:
            raise RecordError(
                f"a record that contradicts itself: {endpoint.label} is stated as "
                f"{entry['state']!r}, but with bounds {judgement.best_case:g} and "
                f"{judgement.bound:g} of {judgement.sentences} sentences it is "
                f"{judgement.state!r} ({endpoint.relation} {endpoint.limit:g})"
            )
        judgements.append(judgement)
    return Verdict(tuple(judgements), sentences)


def _number(value: float | str | None) -> float:
    return float("nan") if value is None else float(value)


def _endpoints(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {
            **asdict(j.endpoint),
            "sentences": j.sentences,
            "total_weight": j.total_weight,
            "estimate": _json(j.estimate),
            "bound": _json(j.bound),
            "best_case": _json(j.best_case),
            "state": j.state,
        }
        for j in verdict.judgements
    ]


def _json(value: float) -> float | str | None:
    if pd.isna(value):
        return None
    return value if abs(value) != float("inf") else str(value)
